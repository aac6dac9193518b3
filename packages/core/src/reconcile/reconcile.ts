import { checkAdapter, checkFunction, checkId, checkKeys, checkNumber } from "../checks.js";
import { mapConcurrently } from "../concurrency.js";
import { FaceKitError, isFaceKitError } from "../errors.js";
import { retry } from "../retry.js";
import type { CallOptions, Progress } from "../spec/adapter.js";
import type { Member } from "../spec/member-source.js";
import type { StrayFace } from "../spec/stray-faces.js";
import { type ComparedParts, compareParts, enrolledCursor, sameIds } from "./compare-parts.js";
import type { Difference, Discrepancy, DiscrepancyKind, Outcome, Repair } from "./difference.js";

type OrphanedFaces = Extract<Discrepancy, { readonly kind: "orphaned-faces" }>;
type NewMember = Omit<Member, "id" | "faceIds">;

export interface ReconcileFlowOptions extends CallOptions {
  /** Repair what is found. Default false: a plan, and nothing is written. */
  readonly apply?: boolean;
  /**
   * Younger than this, in milliseconds, nothing is judged: a registration that is at work writes faces before the
   * member's entry. Faces of no member without a date wait until this is 0. Default 600,000: ten minutes.
   */
  readonly graceMs?: number;
  /**
   * What is known of a member whose entry is missing, so that it is created again; for `undefined` the faces are
   * deleted. Called in a plan, too.
   */
  readonly newMember?: (orphan: OrphanedFaces) => NewMember | undefined | Promise<NewMember | undefined>;
  /** Delete entries without a face, which are otherwise only told. Default false. */
  readonly deleteMembersWithoutFaces?: boolean;
  /** Delete faces that other models made, which are otherwise only told. Default false. */
  readonly deleteFacesOfOtherModels?: boolean;
  /** Told every thousand entries and at the end; `done` counts what was read of all parts. */
  readonly onProgress?: (progress: Progress) => void;
}

export const reconcileOptionNames = [
  "apply",
  "graceMs",
  "newMember",
  "deleteMembersWithoutFaces",
  "deleteFacesOfOtherModels",
  "onProgress",
  "signal",
] as const;

export interface ReconcileOptions extends ComparedParts, ReconcileFlowOptions {}

export interface ReconcileCounts {
  /** Read so far: members with faces, entries, photos and stray faces. */
  readonly enrolled: number;
  readonly members: number;
  readonly photos: number;
  readonly strays: number;
  readonly differences: Readonly<Record<DiscrepancyKind, number>>;
  readonly outcomes: Readonly<Record<Outcome, number>>;
}

/** The differences as they are found, once; reading on is what does the work, and leaving off stops it. */
export interface Reconciliation extends AsyncIterable<Difference> {
  /** Up to now; final when all were read. */
  readonly counts: ReconcileCounts;
}

/** Repairs that are at work at a time, and how many are collected for that. */
const lanes = 8;
const batchSize = 256;
/** Ids that wait to be looked up in one more pass over the index. */
const passSize = 100_000;
const progressEvery = 1000;

/**
 * Compares faces, members and photos of a namespace, whatever they are kept in, and tells where they do not agree; with
 * `apply` it repairs that. Memory does not grow with their number.
 *
 * - Faces of nobody are deleted with their photos, or get an entry from `newMember`. Members without faces stay.
 * - Each repair looks again first, and leaves what is in order by then. Members and photos without faces are looked up
 *   in one more pass over the index.
 * - It may be broken off anywhere, by a crash too, and run again; what is repaired already is found in order.
 * - A part that fails ends it with that error, and what did not come is never taken for missing. One whose order is wrong
 *   ends it with `not-supported`.
 *
 * Throws `invalid-argument` for wrong options, and `not-supported` where they want to write into a source that cannot.
 */
export function reconcile(options: ReconcileOptions): Reconciliation {
  checkKeys("reconcile", options, ["namespace", "index", "members", "photos", ...reconcileOptionNames]);
  const { namespace, index, members, photos, graceMs, newMember, deleteMembersWithoutFaces } = options;
  checkId("namespace", namespace);
  checkAdapter("index", index);
  if (members !== undefined) checkAdapter("members", members);
  if (photos !== undefined) checkAdapter("photos", photos);
  if (newMember !== undefined) checkFunction("newMember", newMember);
  if (graceMs !== undefined) checkNumber("graceMs", graceMs, { min: 0, max: Number.POSITIVE_INFINITY });
  const writes = { newMember: newMember !== undefined, deleteMembersWithoutFaces };
  for (const [name, wanted] of Object.entries(writes)) {
    if (!wanted || members?.capabilities.writable) continue;
    throw new FaceKitError(
      "not-supported",
      `${name} writes members, and ${members === undefined ? "there is no member source" : `"${members.id}" is not writable`}.`,
    );
  }
  const run = new Run(options);
  return {
    get counts() {
      return run.counts;
    },
    [Symbol.asyncIterator]: () => run.differences,
  };
}

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };
type Found<Kind extends DiscrepancyKind> = Extract<Discrepancy, { readonly kind: Kind }>;

/** One that is repaired only if the index still has no face of the member. */
type Faceless = Found<"member-without-faces" | "orphaned-photos">;

class Run {
  readonly differences: AsyncGenerator<Difference>;
  readonly #options: ReconcileOptions;
  readonly #call: CallOptions;
  readonly #read = { enrolled: 0, members: 0, photos: 0, strays: 0 };
  readonly #differences: Writable<ReconcileCounts["differences"]> = {
    "orphaned-faces": 0,
    "member-without-faces": 0,
    "orphaned-photos": 0,
    "wrong-face-ids": 0,
    "stray-face": 0,
  };
  readonly #outcomes: Writable<ReconcileCounts["outcomes"]> = { planned: 0, repaired: 0, left: 0, waiting: 0, gone: 0 };
  #told = 0;

  constructor(options: ReconcileOptions) {
    this.#options = options;
    this.#call = options.signal === undefined ? {} : { signal: options.signal };
    this.differences = this.#reconcile();
  }

  get counts(): ReconcileCounts {
    return { ...this.#read, differences: { ...this.#differences }, outcomes: { ...this.#outcomes } };
  }

  async *#reconcile(): AsyncGenerator<Difference> {
    let faceless: Faceless[] = [];
    for await (const batch of batches(this.#discrepancies(), batchSize)) {
      const judged = await mapConcurrently(batch, lanes, (found) => this.#judge(found));
      for (const each of judged) {
        if ("outcome" in each) yield this.#count(each);
        else faceless.push(each);
      }
      if (faceless.length < passSize) continue;
      yield* this.#repairFaceless(faceless);
      faceless = [];
    }
    yield* this.#repairFaceless(faceless);
    this.#tell(1);
  }

  async *#discrepancies(): AsyncGenerator<Discrepancy> {
    const { namespace, index } = this.#options;
    for await (const stray of index.strays?.list(namespace, this.#call) ?? []) {
      this.#read.strays++;
      this.#tell(progressEvery);
      yield { kind: "stray-face", stray };
    }
    yield* compareParts(this.#options, this.#call, (read) => {
      Object.assign(this.#read, read);
      this.#tell(progressEvery);
    });
  }

  /** The difference with its outcome, or the discrepancy where that takes a look at the whole index. */
  async #judge(found: Discrepancy): Promise<Difference | Faceless> {
    const { apply = false, newMember, deleteMembersWithoutFaces, deleteFacesOfOtherModels } = this.#options;
    const settled = async (repair: Repair, isYoung: boolean, work: () => Promise<boolean>): Promise<Difference> => {
      if (repair === "none") return { ...found, repair, outcome: "left" };
      if (isYoung) return { ...found, repair, outcome: "waiting" };
      if (!apply) return { ...found, repair, outcome: "planned" };
      return { ...found, repair, outcome: await this.#repair(work) };
    };
    switch (found.kind) {
      case "orphaned-faces": {
        const given = await newMember?.(found);
        const repair = given === undefined ? "delete-faces" : "create-member";
        const work = given === undefined ? () => this.#deleteFaces(found) : () => this.#createMember(found, given);
        return settled(repair, this.#isYoung(found.enrolledAt), work);
      }
      case "wrong-face-ids":
        return settled("link-faces", false, () => this.#linkFaces(found));
      case "stray-face": {
        const { id, why, since } = found.stray;
        const repair = why === "no-member" || deleteFacesOfOtherModels ? "delete-stray" : "none";
        // No registration of now makes one of other models.
        const isYoung = why === "no-member" && (since === undefined ? this.#graceMs > 0 : this.#isYoung(since));
        return settled(repair, isYoung, () => this.#deleteStray(id));
      }
      default: {
        const { repair, date } = facelessRepair(found, deleteMembersWithoutFaces === true);
        const isYoung = date !== undefined && this.#isYoung(date);
        return apply && repair !== "none" && !isYoung ? found : settled(repair, isYoung, async () => false);
      }
    }
  }

  get #graceMs(): number {
    return this.#options.graceMs ?? 600_000;
  }

  #isYoung(date: Date): boolean {
    return this.#graceMs > 0 && date.getTime() > Date.now() - this.#graceMs;
  }

  /** What may be done twice is, where a server asks for it. False: there was nothing to repair any more. */
  async #repair(work: () => Promise<boolean>): Promise<Outcome> {
    return (await retry(work, this.#call)) ? "repaired" : "gone";
  }

  async #deleteFaces({ memberId }: OrphanedFaces): Promise<boolean> {
    const { namespace, index, members, photos } = this.#options;
    if ((await members?.get(namespace, memberId, this.#call)) !== undefined) return false;
    const kept = (await photos?.deleteMember(namespace, memberId, this.#call)) ?? 0;
    const faces = await index.deleteMember(namespace, memberId, this.#call);
    return faces + kept > 0;
  }

  async #createMember({ memberId, enrolledAt, templateIds }: OrphanedFaces, given: NewMember): Promise<boolean> {
    const { namespace, members } = this.#options;
    if (members === undefined || (await members.get(namespace, memberId, this.#call)) !== undefined) return false;
    await members.put(namespace, { createdAt: enrolledAt, ...given, id: memberId }, this.#call);
    if (templateIds === undefined) return true;
    await members.linkFaces?.(namespace, memberId, templateIds, { ...this.#call, mode: "set" });
    return true;
  }

  async #linkFaces({ memberId, noted, templateIds }: Found<"wrong-face-ids">): Promise<boolean> {
    const { namespace, members } = this.#options;
    const entry = await members?.get(namespace, memberId, this.#call);
    // Whoever noted others meanwhile knows better than what was read before.
    if (entry === undefined || !sameIds(entry.faceIds ?? [], noted)) return false;
    try {
      await members?.linkFaces?.(namespace, memberId, templateIds, { ...this.#call, mode: "set" });
      return true;
    } catch (error) {
      if (isFaceKitError(error, "unknown-member")) return false;
      throw error;
    }
  }

  async #deleteStray(id: string): Promise<boolean> {
    const { namespace, index } = this.#options;
    return ((await index.strays?.delete(namespace, [id], this.#call)) ?? 0) > 0;
  }

  /** Reads the index once more, in which faces may have come, and repairs those that still have none. */
  async *#repairFaceless(faceless: readonly Faceless[]): AsyncGenerator<Difference> {
    if (faceless.length === 0) return;
    const waiting = new Map(faceless.map(({ memberId }) => [memberId, false]));
    const last = faceless.reduce((most, { memberId }) => (memberId > most ? memberId : most), "");
    const enrolled = enrolledCursor(this.#options, this.#call);
    try {
      do {
        await enrolled.advance();
        const { memberId } = enrolled.current ?? {};
        if (memberId !== undefined && waiting.has(memberId)) waiting.set(memberId, true);
      } while (enrolled.current !== undefined && enrolled.current.memberId < last);
    } finally {
      await enrolled.close();
    }
    for await (const batch of batches(faceless, batchSize)) {
      const repaired = await mapConcurrently(batch, lanes, async (found): Promise<Difference> => {
        const { repair } = facelessRepair(found, true);
        const work = (): Promise<boolean> => this.#deleteFaceless(found);
        return { ...found, repair, outcome: waiting.get(found.memberId) ? "gone" : await this.#repair(work) };
      });
      for (const each of repaired) yield this.#count(each);
    }
  }

  async #deleteFaceless({ kind, memberId }: Faceless): Promise<boolean> {
    const { namespace, members, photos } = this.#options;
    const entry = await members?.get(namespace, memberId, this.#call);
    if ((entry !== undefined) !== (kind === "member-without-faces")) return false;
    const kept = (await photos?.deleteMember(namespace, memberId, this.#call)) ?? 0;
    if (kind === "orphaned-photos") return kept > 0;
    return (await members?.delete(namespace, memberId, this.#call)) ?? false;
  }

  #count(difference: Difference): Difference {
    this.#differences[difference.kind]++;
    this.#outcomes[difference.outcome]++;
    return difference;
  }

  #tell(atLeast: number): void {
    const { enrolled, members, photos, strays } = this.#read;
    const done = enrolled + members + photos + strays;
    if (done - this.#told < atLeast) return;
    this.#told = done;
    this.#options.onProgress?.({ task: "reconciling", done });
  }
}

function facelessRepair(found: Faceless, deleteMembers: boolean): { readonly repair: Repair; readonly date?: Date } {
  const isMember = found.kind === "member-without-faces";
  const date = isMember ? found.createdAt : found.keptAt;
  const repair = !isMember ? "delete-photos" : deleteMembers ? "delete-member" : "none";
  return { repair, ...(date && { date }) };
}

async function* batches<T>(items: AsyncIterable<T> | Iterable<T>, size: number): AsyncGenerator<T[]> {
  let batch: T[] = [];
  for await (const item of items) {
    batch.push(item);
    if (batch.length < size) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}
