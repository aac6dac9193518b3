export { planes } from "./planes";
export { resizeRows } from "./resize";
export { warp } from "./warp";
