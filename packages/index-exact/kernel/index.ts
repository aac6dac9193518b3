export { quantiseQuery, quantiseRow } from "./quantise";
export { scanFour, scanOne } from "./scan";
export { similarity } from "./similarity";
