import { fileURLToPath } from "node:url";

/** Where `convert/` writes the bundled nets. Relative to `src` and to `dist` alike, so this file stays at the top. */
export const bundledDirectory: string = fileURLToPath(new URL("../dist/bundled/", import.meta.url));
