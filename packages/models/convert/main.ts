/** Writes the converted models into a folder: `tsx convert/main.ts dist/bundled`. */

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { convert } from "./convert.js";

const [folder] = process.argv.slice(2);
if (!folder) {
  console.error("usage: tsx convert/main.ts <folder>");
  process.exit(2);
}
mkdirSync(folder, { recursive: true });
for (const { name, bytes } of convert()) writeFileSync(join(folder, name), bytes);
