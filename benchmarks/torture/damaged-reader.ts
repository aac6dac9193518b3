/** Damages and reads a store in its files, a line for each damage: `damaged-reader.mjs <ReaderTask>`. */
import { writeSync } from "node:fs";
import { damageFiles } from "@facekit/conformance/faults";
import type { FaceRecords } from "@facekit/core";
import { backends, placeAt } from "../store/backends.js";
import type { ReaderTask } from "./damage.js";

const { backend: name, ...options }: ReaderTask = JSON.parse(process.argv[2] ?? "{}");
const backend = backends[name];
if (backend === undefined) throw new Error(`There is no backend "${name}".`);

/** Records that close the whole store with them. */
async function open(folder: string): Promise<FaceRecords> {
  const opened = await backend?.open(placeAt(folder));
  if (opened?.records === undefined) throw new Error(`"${name}" has no records of its own.`);
  return { ...opened.records, [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose]() };
}

for await (const damaged of damageFiles({ ...options, open })) writeSync(1, `${JSON.stringify(damaged)}\n`);
