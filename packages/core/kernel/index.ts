export { plane } from "./plane";
export { resizeRows } from "./resize";
export { warp } from "./warp";
