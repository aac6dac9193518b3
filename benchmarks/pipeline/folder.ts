/** A folder of photos, given to one call of `takeAttendance`, in a process of its own: `folder.ts '{"pack":…,…}'` prints one `FolderRuns`. */
import { readFile } from "node:fs/promises";
import type { Photos } from "../photos.js";
import { reasonOf, type Skipped } from "../skipped.js";
import type { Weights } from "./contenders.js";
import { openKit } from "./facekit.js";

export interface FolderTask extends Weights {
  readonly pack: string;
  readonly workers: number;
  readonly photos: Photos;
  readonly ms: number;
}

export interface FolderRuns {
  /** Of each pass over the folder. */
  readonly photosPerSecond: readonly number[];
  /** Processor time over time. */
  readonly coresBusy: readonly number[];
}

/** A folder so long that its end, where a core waits, counts for little. */
const copies = 4;

if (process.argv[1] === import.meta.filename) {
  const task: FolderTask = JSON.parse(process.argv[2] ?? "{}");
  const runs = await measureFolder(task).catch((error: unknown): Skipped => ({ skipped: reasonOf(error) }));
  process.stdout.write(`\n${JSON.stringify(runs)}\n`, () => process.exit(0));
}

async function measureFolder({ pack, workers, photos, modelsDirectory, ms }: FolderTask): Promise<FolderRuns> {
  await using kit = await openKit(pack, { modelsDirectory }, workers);
  for (const { memberId, photo } of photos.gallery) {
    await kit.register(memberId, photo, { minFaceSize: 20 }).catch(() => undefined);
  }
  // The longest first, so that the end of a pass leaves no core waiting for one of them.
  const bytes = await Promise.all(
    [...photos.sets].reverse().flatMap((set) => set.photos.map((path) => readFile(path))),
  );
  const folder = bytes.flatMap((photo) => Array.from({ length: copies }, () => photo));
  const pass = (): Promise<unknown> => kit.takeAttendance(folder);
  await pass();
  const photosPerSecond: number[] = [];
  const coresBusy: number[] = [];
  for (let spent = 0; spent < ms; ) {
    const cpuBefore = process.cpuUsage();
    const started = performance.now();
    await pass();
    const took = performance.now() - started;
    const { user, system } = process.cpuUsage(cpuBefore);
    spent += took;
    photosPerSecond.push((folder.length / took) * 1000);
    coresBusy.push((user + system) / 1000 / took);
  }
  return { photosPerSecond, coresBusy };
}
