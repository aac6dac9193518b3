/** One contender in a process of its own: `measure.ts '{"contender":…,…}'` prints one `Measured`. */
import { readFile } from "node:fs/promises";
import type { PhotoSet, Photos } from "../photos.js";
import { reasonOf, type Skipped } from "../skipped.js";
import { bareCosts } from "./bare-inference.js";
import { type Contender, contenders, type Weights } from "./contenders.js";
import { measurePeer, peers } from "./peers.js";

export interface Task extends Weights {
  readonly contender: string;
  readonly photos: Photos;
  /** Spent on each set of photos; a pass over a set is not broken off. */
  readonly msPerSet: number;
}

export interface Measured {
  readonly threads: number;
  readonly sets: readonly SetRuns[];
}

/** What one process found on one set of photos. A pass goes over all of them, one at a time. */
export interface SetRuns {
  readonly name: PhotoSet["name"];
  readonly photos: number;
  /** Found in all photos together, and those of them that are members, so that nobody is quick by finding nothing. */
  readonly faces: number;
  readonly members: number;
  /** Mean milliseconds a photo of each pass. */
  readonly msPerPhoto: readonly number[];
  /** Of ours: the same of decoding alone, and of the bare nets. */
  readonly decodeMs?: readonly number[];
  readonly inferenceMs?: readonly number[];
}

interface LoadedPhoto {
  readonly bytes: Buffer;
  readonly kind: PhotoSet["kind"];
}

const warmUps = 4;
/** Figures are told as ratios of two times, which one pass would leave to chance. */
const leastPasses = 3;

if (process.argv[1] === import.meta.filename) {
  const task: Task = JSON.parse(process.argv[2] ?? "{}");
  const measured = await measure(task).catch((error: unknown): Skipped => ({ skipped: reasonOf(error) }));
  // Some contenders write to stdout, or keep the process alive.
  process.stdout.write(`\n${JSON.stringify(measured)}\n`, () => process.exit(0));
}

async function measure(task: Task): Promise<Measured> {
  const { contender: name, photos, modelsDirectory, msPerSet } = task;
  const peer = peers[name];
  if (peer !== undefined) return measurePeer(peer, task);
  const create = contenders[name];
  if (create === undefined) throw new Error(`There is no contender "${name}".`);
  await using contender = await create({ modelsDirectory });
  const gallery = await Promise.all(
    photos.gallery.map(async ({ memberId, photo }) => ({ memberId, bytes: await readFile(photo) })),
  );
  // A photo of two people is refused by some; the gallery is then a member smaller.
  for (const { memberId, bytes } of gallery) await contender.enrol(memberId, bytes).catch(() => undefined);
  const sets: SetRuns[] = [];
  for (const set of photos.sets) {
    const loaded = await Promise.all(
      set.photos.map(async (photo): Promise<LoadedPhoto> => ({ bytes: await readFile(photo), kind: set.kind })),
    );
    const pack = name.startsWith("facekit ") ? name.slice("facekit ".length) : undefined;
    const bare = pack === undefined ? undefined : await bareCosts(pack, { modelsDirectory }, loaded);
    sets.push({ name: set.name, photos: loaded.length, ...(await passesOver(loaded, contender, bare, msPerSet)) });
  }
  return { threads: contender.threads, sets };
}

type Passes = Omit<SetRuns, "name" | "photos">;

async function passesOver(
  photos: readonly LoadedPhoto[],
  contender: Contender,
  bare: Awaited<ReturnType<typeof bareCosts>> | undefined,
  msPerSet: number,
): Promise<Passes> {
  const msPerPhoto: number[] = [];
  const decodeMs: number[] = [];
  const inferenceMs: number[] = [];
  let [faces, members] = [0, 0];
  const began = performance.now();
  for (const { bytes, kind } of photos.slice(0, warmUps)) {
    if (performance.now() - began < msPerSet) await contender.whoIsOn(bytes, kind);
  }
  for (let pass = 0, spent = 0; pass < leastPasses || spent < msPerSet; pass++) {
    const total = { whole: 0, decode: 0, inference: 0 };
    for (const [i, { bytes, kind }] of photos.entries()) {
      const whole = async (): Promise<void> => {
        const started = performance.now();
        const answer = await contender.whoIsOn(bytes, kind);
        total.whole += performance.now() - started;
        if (pass > 0) return;
        faces += answer.faces;
        members += answer.members;
      };
      const parts = async (): Promise<void> => {
        const { decodeMs: decode = 0, inferenceMs: inference = 0 } = (await bare?.(bytes)) ?? {};
        total.decode += decode;
        total.inference += inference;
      };
      // In turn, so that neither always finds the photo in the processor's cache.
      for (const step of (pass + i) % 2 === 0 ? [whole, parts] : [parts, whole]) await step();
    }
    spent += total.whole;
    msPerPhoto.push(total.whole / photos.length);
    decodeMs.push(total.decode / photos.length);
    inferenceMs.push(total.inference / photos.length);
  }
  return { faces, members, msPerPhoto, ...(bare === undefined ? {} : { decodeMs, inferenceMs }) };
}
