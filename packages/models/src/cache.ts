export * from "./cache/directory.js";
export * from "./cache/locate.js";
export * from "./cache/pull.js";
