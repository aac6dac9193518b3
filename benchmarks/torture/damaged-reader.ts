/** Damages and reads a store in its files: `damaged-reader.mjs <ReaderTask>`. A line when it begins, and one for each damage. */
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

await backend.load();
writeSync(1, "begun\n");
for await (const damaged of damageFiles({ ...options, open })) writeSync(1, `${JSON.stringify(damaged)}\n`);
