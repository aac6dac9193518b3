/**
 * Accuracy of a pack on real photos: `npx tsx accuracy/main.ts PACK --faces DIR [--models-dir DIR] [--only FOLDER]`.
 * DIR holds lfw-dev, groups, pairs-25 and attendance; what is not there is passed over. Prints one JSON object, in
 * which `lfw-dev.calibration` is what the model cards hold.
 */
import { parseArgs } from "node:util";
import { loadPack } from "@facekit/node";
import { measureAttendance } from "./attendance.js";
import { measureGroups } from "./groups.js";
import { measureLfw } from "./lfw.js";
import { measurePairs } from "./pairs.js";
import { isThere, type Pack } from "./photos.js";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { faces: { type: "string" }, "models-dir": { type: "string" }, only: { type: "string" } },
});
const [name = "bundled"] = positionals;
const faces = values.faces;
if (faces === undefined) throw new Error("--faces DIR wants the folder of test photos.");
const modelsDirectory = values["models-dir"];
const pack: Pack = { name, ...(await loadPack(name, modelsDirectory === undefined ? {} : { modelsDirectory })) };

const measures = {
  groups: measureGroups,
  "pairs-25": measurePairs,
  attendance: measureAttendance,
  "lfw-dev": measureLfw,
};
const results: Record<string, unknown> = { pack: name, space: pack.embedder.space.id };
for (const [folder, measure] of Object.entries(measures)) {
  if (values.only !== undefined && values.only !== folder) continue;
  const directory = `${faces}/${folder}`;
  results[folder] = (await isThere(directory)) ? await measure(pack, directory) : "not there";
}
process.stdout.write(`${JSON.stringify(results, undefined, 2)}\n`);
await pack.detector[Symbol.asyncDispose]();
await pack.embedder[Symbol.asyncDispose]();
