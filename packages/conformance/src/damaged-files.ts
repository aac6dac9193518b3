import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { type FaceRecords, isFaceKitError, type NamespacedFaceRecord } from "@facekit/core";
import { contents, holds } from "./contents.js";
import { equal } from "./expect.js";
import { randomVector, record, seeded, space } from "./samples.js";
import { lend, type TestRunner } from "./suite.js";

/** Opens records whose files lie in a folder of their own. */
export type OpenIn = (folder: string) => FaceRecords | Promise<FaceRecords>;

export interface DamagedFilesConformanceOptions {
  readonly test: TestRunner;
  readonly open: OpenIn;
  /** How many places of each file are damaged in each way, spread over it. Default 60. */
  readonly places?: number;
}

export interface Damage {
  readonly kind: "bit flip" | "truncation";
  /** Of a file, from the folder. */
  readonly file: string;
  readonly offset: number;
}

export interface Damaged {
  readonly number: number;
  readonly damage: Damage;
  /** `wrong`: an answer that was wrong without a word, or an error that does not tell of a damaged store. */
  readonly outcome: "right" | "refused" | "wrong";
  readonly why?: string;
}

/**
 * What records in files must do where a file lost its end or a bit was flipped: answer right, or refuse with `store-corrupt`;
 * where the bit was one of those that name the version or the space, also with `not-supported` or `space-mismatch`. Never
 * answer wrong without a word, and never end the process.
 */
export function damagedFilesConformance({ test, open, places = 60 }: DamagedFilesConformanceOptions): void {
  for (const kind of ["bit flip", "truncation"] as const) {
    test(`FaceRecords, damage: a ${kind} is answered right or refused, at ${places} places of each file`, async () => {
      const wrong: string[] = [];
      for await (const { outcome, damage, why } of damageFiles({ open, kind, places })) {
        if (outcome === "wrong") wrong.push(`${damage.file} at ${damage.offset}: ${why}`);
      }
      equal(wrong, [], "wrong answers");
    });
  }
}

export interface DamageOptions {
  readonly open: OpenIn;
  readonly kind: Damage["kind"];
  /** Default: every byte. */
  readonly places?: number;
  /** How many places to pass over: where a process that died goes on. Default 0. */
  readonly skip?: number;
}

/** Damages a small store at one place after the other, each time from the sound one, and reads all of it. */
export async function* damageFiles({ open, kind, places, skip = 0 }: DamageOptions): AsyncGenerator<Damaged> {
  const folder = await mkdtemp(join(tmpdir(), "facekit-damage-"));
  try {
    const truth = await fill(open, folder);
    const sound = await settledFiles(folder);
    if (sound.size === 0) throw new Error("The records left no file in the folder.");
    const undamaged = await readCopy(open, folder, sound, truth);
    if (undamaged.outcome !== "right") throw new Error(`A copy that nobody damaged is not right: ${undamaged.why}`);
    const damages = [...sound].flatMap(([file, bytes]) => damagesOf(file, bytes, kind, places));
    for (const [number, damage] of damages.entries()) {
      if (number < skip) continue;
      yield { number, damage, ...(await readCopy(open, folder, sound, truth, damage)) };
    }
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

const refusals = ["store-corrupt", "not-supported", "space-mismatch"] as const;

type Outcome = Pick<Damaged, "outcome" | "why">;

/** Reads the files in a folder of their own below, one of them damaged. */
async function readCopy(
  open: OpenIn,
  folder: string,
  sound: ReadonlyMap<string, Buffer>,
  truth: Held,
  damage?: Damage,
): Promise<Outcome> {
  const copy = join(folder, "copy");
  for (const [file, bytes] of sound) {
    await mkdir(dirname(join(copy, file)), { recursive: true });
    await writeFile(join(copy, file), file === damage?.file ? damaged(bytes, damage) : bytes);
  }
  const outcome = await outcomeOf(open, copy, truth);
  await rm(copy, { recursive: true, maxRetries: 5 });
  return outcome;
}

async function outcomeOf(open: OpenIn, folder: string, truth: Held): Promise<Outcome> {
  try {
    await lend(
      () => open(folder),
      (records) => check(records, truth),
    );
    return { outcome: "right" };
  } catch (error) {
    const refused = refusals.some((code) => isFaceKitError(error, code));
    return { outcome: refused ? "refused" : "wrong", why: String(error) };
  }
}

interface Held {
  readonly records: readonly NamespacedFaceRecord[];
  readonly revision: number;
}

/** A few members, some of whom were replaced and erased. */
async function fill(open: OpenIn, folder: string): Promise<Held> {
  let held: Held | undefined;
  await lend(
    () => open(folder),
    async (records) => {
      await records.open(space);
      const random = seeded(41);
      for (let i = 0; i < 8; i++) {
        const photos = [1, 2].map((n) => record(`m${i}/${n}`, `m${i}`, randomVector(random)));
        await records.put(i % 3 === 0 ? "gym" : "office", photos);
      }
      await records.put("office", [record("m1/1", "m1", randomVector(random))]);
      await records.delete("office", { memberId: "m2" });
      held = { records: await contents(records), revision: await records.revision() };
    },
  );
  if (held === undefined) throw new Error("The store was not filled.");
  return held;
}

async function check(records: FaceRecords, { records: truth, revision }: Held): Promise<void> {
  await records.open(space);
  await holds(records, truth);
  equal(await records.revision(), revision, "revision");
}

/** The files of a closed store, when two looks at them find the same: some go a moment after the store was closed. */
async function settledFiles(folder: string): Promise<ReadonlyMap<string, Buffer>> {
  let before = "";
  for (;;) {
    const files = new Map<string, Buffer>();
    for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
      const path = join(entry.parentPath ?? entry.path, entry.name);
      const bytes = entry.isFile() ? await readFile(path).catch(() => undefined) : undefined;
      if (bytes !== undefined) files.set(relative(folder, path), bytes);
    }
    const now = [...files].map(([file, { length }]) => `${file} ${length}`).join("\n");
    if (now === before) {
      for (const file of files.keys()) await rm(join(folder, file));
      return files;
    }
    before = now;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

function damagesOf(file: string, bytes: Buffer, kind: Damage["kind"], places: number | undefined): Damage[] {
  const step = places === undefined ? 1 : Math.max(1, bytes.length / places);
  const damages: Damage[] = [];
  // A file of nothing is that of a new store.
  for (let at = kind === "truncation" ? 1 : 0; at < bytes.length; at += step)
    damages.push({ kind, file, offset: Math.floor(at) });
  return damages;
}

function damaged(bytes: Buffer, { kind, offset }: Damage): Buffer {
  if (kind === "truncation") return bytes.subarray(0, offset);
  const copy = Buffer.from(bytes);
  // Another bit at each offset.
  copy.writeUInt8(copy.readUInt8(offset) ^ (1 << (offset % 8)), offset);
  return copy;
}
