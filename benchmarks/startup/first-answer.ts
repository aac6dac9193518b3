/**
 * From nothing to the first answer: `first-answer.js '{"contender":…,"photo":…}'` prints one `FirstAnswer` and ends.
 * It is bundled to plain JavaScript before it is measured, so that no loader of TypeScript is in the figures.
 */
import { readFile } from "node:fs/promises";
import type { Weights } from "../pipeline/contenders.js";

export interface FirstAnswerTask extends Weights {
  readonly contender: string;
  readonly photo: string;
}

/** Milliseconds since the process began. */
export interface FirstAnswer {
  readonly startedMs: number;
  /** Imported, models loaded. */
  readonly readyMs: number;
  readonly answeredMs: number;
  /** Of the process after the answer. */
  readonly memoryMiB: number;
  readonly faces: number;
}

const startedMs = performance.now();
const task: FirstAnswerTask = JSON.parse(process.argv[2] ?? "{}");
const bytes = await readFile(task.photo);
const contender = await create(task);
const readyMs = performance.now();
const { faces } = await contender.whoIsOn(bytes, "portrait");
const answeredMs = performance.now();
const memoryMiB = process.memoryUsage().rss / 2 ** 20;
const answer: FirstAnswer = { startedMs, readyMs, answeredMs, memoryMiB, faces };
process.stdout.write(`\n${JSON.stringify(answer)}\n`, () => process.exit(0));

/** Each imports its own alone. */
async function create({ contender: name, ...weights }: FirstAnswerTask) {
  switch (name) {
    case "face-api wasm":
      return (await import("../pipeline/face-api.js")).faceApi();
    case "human wasm":
      return (await import("../pipeline/human.js")).human();
    default:
      return (await import("../pipeline/facekit.js")).ours(name.slice("facekit ".length), weights);
  }
}
