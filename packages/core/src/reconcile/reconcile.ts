import { checkAdapter, checkFunction, checkId, checkKeys, checkNumber } from "../checks.js";
import { mapConcurrently } from "../concurrency.js";
import { FaceKitError } from "../errors.js";
import type { CallOptions, Progress } from "../spec/adapter.js";
import { type Compared, type ComparedParts, compareParts, type ReadCounts } from "./compare-parts.js";
import { DeletionGuard } from "./deletion-guard.js";
import type { Difference, Discrepancy, DiscrepancyKind, Outcome, Repair } from "./difference.js";
import { Grace } from "./grace.js";
import { interruptible } from "./interruptible.js";
import { lanes, type NewMember, type Planned, Repairs } from "./repair.js";

type OrphanedFaces = Extract<Discrepancy, { readonly kind: "orphaned-faces" }>;

export interface ReconcileFlowOptions extends CallOptions {
  /** Repair what is found. Default false: a plan, and nothing is written. */
  readonly apply?: boolean;
  /**
   * Younger than this, in milliseconds, nothing is judged: a registration that is at work writes faces before the
   * member's entry. What has no date waits until this is 0. Default 600,000: ten minutes.
   */
  readonly graceMs?: number;
  /**
   * What is known of a member whose entry is missing, so that it is created again; for `undefined` the faces are
   * deleted. Called in a plan, too, and twice where more than 10,000 repairs are planned. Give it those alone who are members still: an erasure that broke off leaves faces
   * without an entry, too, and an entry made of an old list would bring back who was to be forgotten.
   */
  readonly newMember?: (orphan: OrphanedFaces) => NewMember | undefined | Promise<NewMember | undefined>;
  /**
   * Delete entries without a face, which are otherwise only told. Default false. Not over an index that shows writes late
   * (`readAfterWrite: false`): who enrolled just now would be deleted.
   */
  readonly deleteMembersWithoutFaces?: boolean;
  /** Delete faces that other models made, which are otherwise only told. Default false. */
  readonly deleteFacesOfOtherModels?: boolean;
  /**
   * Delete, and take notes of faces away, also where hardly anything agrees: where no member with faces has an entry, or
   * where that would be more than ten and more than there are such members; photos, where they are of more than ten and of
   * more than there are known members with photos. Default false: that is rather another index, source, photo store or
   * namespace than a loss, and rejects with `namespace-not-found`.
   */
  readonly allowMassDeletion?: boolean;
  /** Told every thousand entries and at the end; `done` counts what was read of all parts. */
  readonly onProgress?: (progress: Progress) => void;
}

export const reconcileOptionNames = [
  "apply",
  "graceMs",
  "newMember",
  "deleteMembersWithoutFaces",
  "deleteFacesOfOtherModels",
  "allowMassDeletion",
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

/**
 * The differences as they are found, once; reading on is what does the work, and leaving off stops it. Up to eight repairs,
 * of stray faces up to 256, are then done and not told yet.
 */
export interface Reconciliation extends AsyncIterable<Difference> {
  /** Up to now; final when all were read. */
  readonly counts: ReconcileCounts;
}

/** So many differences are judged together. */
const batchSize = 256;
/** So many repairs are collected before the first of them is done. */
const mostPlanned = 10_000;
const progressEvery = 1000;

/**
 * Compares faces, members and photos of a namespace, whatever they are kept in, and tells where they do not agree; with
 * `apply` it repairs that. Memory does not grow with their number, where the parts' own lists hold to that.
 *
 * - Faces of nobody are deleted with their visits and photos, or get an entry from `newMember`. Members without faces stay.
 * - Repairs come when all is read, or 10,000 wait; then all is read once more before the first of them, to judge whether the
 *   parts belong together (`allowMassDeletion`). Every 256 of them the index is read once more, and before each the
 *   source is asked again; what changed meanwhile is left alone.
 * - It may be broken off anywhere, by a crash too, and run again; what is repaired already is found in order.
 * - A repair that is refused (`invalid-argument`, `conflict`, `not-supported`) is told as `failed`, and the next is done.
 * - A part that fails otherwise ends it with that error, and what did not come is never taken for missing. One whose order is wrong
 *   ends it with `not-supported`.
 *
 * Throws `invalid-argument` for wrong options, and `not-supported` where they want to write into a source that cannot, to
 * delete members of an index that shows writes late, or to repair a persistent index by members who are not.
 */
export function reconcile(options: ReconcileOptions): Reconciliation {
  checkKeys("reconcile", options, ["namespace", "index", "members", "photos", "visits", ...reconcileOptionNames]);
  const { namespace, index, members, photos, visits, apply, graceMs, newMember, deleteMembersWithoutFaces } = options;
  checkId("namespace", namespace);
  checkAdapter("index", index);
  if (members !== undefined) checkAdapter("members", members);
  if (photos !== undefined) checkAdapter("photos", photos);
  if (visits !== undefined) checkAdapter("visits", visits);
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
  if (apply && index.capabilities.persistent && members?.capabilities.persistent === false) {
    throw new FaceKitError(
      "not-supported",
      `The faces of "${index.id}" outlive this process, and the members of "${members.id}" do not: after a restart all ` +
        "faces are orphans, and apply would delete them. Keep members where the faces are kept, or elsewhere for good.",
      { adapter: members.id },
    );
  }
  if (deleteMembersWithoutFaces && !index.capabilities.readAfterWrite) {
    throw new FaceKitError(
      "not-supported",
      `deleteMembersWithoutFaces wants an index that shows each write at once, and "${index.id}" does not: who enrolled ` +
        "just now would be deleted. Delete these members by their ids.",
      { adapter: index.id },
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

/** What becomes of a difference, before anything is done about it. */
interface Judged extends Planned {
  readonly outcome: "planned" | "left" | "waiting";
}

class Run {
  readonly differences: AsyncGenerator<Difference>;
  readonly #options: ReconcileOptions;
  readonly #call: CallOptions;
  readonly #grace: Grace;
  readonly #repairs: Repairs;
  readonly #guard = new DeletionGuard();
  #read: ReadCounts = { enrolled: 0, members: 0, photos: 0, matched: 0, pictured: 0 };
  #strays = 0;
  readonly #differences: Writable<ReconcileCounts["differences"]> = {
    "orphaned-faces": 0,
    "member-without-faces": 0,
    "orphaned-photos": 0,
    "wrong-face-ids": 0,
    "stray-face": 0,
  };
  readonly #outcomes: Writable<ReconcileCounts["outcomes"]> = {
    planned: 0,
    repaired: 0,
    left: 0,
    waiting: 0,
    gone: 0,
    failed: 0,
  };
  #told = 0;

  constructor(options: ReconcileOptions) {
    this.#options = options;
    this.#call = options.signal === undefined ? {} : { signal: options.signal };
    this.#grace = new Grace(options.graceMs ?? 600_000);
    this.#repairs = new Repairs(options, this.#grace, this.#call);
    this.differences = this.#reconcile();
  }

  get counts(): ReconcileCounts {
    const { enrolled, members, photos } = this.#read;
    const [differences, outcomes] = [{ ...this.#differences }, { ...this.#outcomes }];
    return { enrolled, members, photos, strays: this.#strays, differences, outcomes };
  }

  async *#reconcile(): AsyncGenerator<Difference> {
    let planned: Planned[] = [];
    let isAllowed = this.#options.allowMassDeletion === true;
    for await (const batch of batches(this.#compare(), batchSize)) {
      for (const each of await mapConcurrently(batch, lanes, (compared) => this.#judge(compared))) {
        if (each.outcome === "planned") this.#guard.count(each.found, each.repair);
        if (this.#options.apply && each.outcome === "planned") planned.push(each);
        else yield this.#count({ ...each.found, repair: each.repair, outcome: each.outcome });
      }
      if (planned.length < mostPlanned) continue;
      if (!isAllowed) await this.#survey();
      isAllowed = true;
      yield* this.#repair(planned);
      planned = [];
    }
    if (!isAllowed && planned.length > 0) this.#guard.check(this.#options.namespace, this.#read);
    yield* this.#repair(planned);
    this.#tell(1);
  }

  async *#compare(): AsyncGenerator<Compared> {
    const { namespace, index, deleteMembersWithoutFaces } = this.#options;
    const compared = compareParts(this.#options, this.#call, (read) => {
      this.#read = read;
      this.#tell(progressEvery);
    });
    for await (const each of compared) {
      // The notes of who is to be deleted go with the entry.
      const goes = each.found.kind === "wrong-face-ids" && each.found.templateIds.length === 0;
      if (!(goes && deleteMembersWithoutFaces)) yield each;
    }
    const strays = index.strays?.list(namespace, this.#call);
    for await (const stray of strays === undefined ? [] : interruptible(strays, this.#call.signal)) {
      this.#strays++;
      this.#tell(progressEvery);
      yield { found: { kind: "stray-face", stray } };
    }
  }

  async #judge(compared: Compared): Promise<Judged> {
    const { newMember, deleteMembersWithoutFaces, deleteFacesOfOtherModels } = this.#options;
    const { found } = compared;
    const judged = (repair: Repair, since: Date | undefined): Judged => {
      const outcome = repair === "none" ? "left" : this.#grace.isYoung(since) ? "waiting" : "planned";
      return { ...compared, repair, outcome };
    };
    switch (found.kind) {
      case "orphaned-faces": {
        const given = await newMember?.(found);
        return { ...judged(given === undefined ? "delete-faces" : "create-member", found.lastEnrolledAt), given };
      }
      case "wrong-face-ids":
        // Whether its faces are young is seen when they are looked at again.
        return { ...compared, repair: "link-faces", outcome: "planned" };
      case "member-without-faces":
        return judged(deleteMembersWithoutFaces ? "delete-member" : "none", found.createdAt);
      case "orphaned-photos":
        return judged("delete-photos", found.keptAt);
      case "stray-face": {
        const { why, since } = found.stray;
        if (why === "no-member") return judged("delete-stray", since);
        // No registration of now makes one of other models.
        if (deleteFacesOfOtherModels) return { ...compared, repair: "delete-stray", outcome: "planned" };
        return judged("none", since);
      }
    }
  }

  async *#repair(planned: readonly Planned[]): AsyncGenerator<Difference> {
    for await (const difference of this.#repairs.apply(planned)) yield this.#count(difference);
  }

  /** Judges by all there is before the first repair is done, where not all of it could be held. */
  async #survey(): Promise<void> {
    const { onProgress: _, ...options } = this.#options;
    const survey = new Run({ ...options, apply: false });
    for await (const _ of survey.differences) {
      // It counts while it is read.
    }
    survey.#guard.check(options.namespace, survey.#read);
  }

  #count(difference: Difference): Difference {
    this.#differences[difference.kind]++;
    this.#outcomes[difference.outcome]++;
    return difference;
  }

  #tell(atLeast: number): void {
    const { enrolled, members, photos } = this.#read;
    const done = enrolled + members + photos + this.#strays;
    if (done - this.#told < atLeast) return;
    this.#told = done;
    this.#options.onProgress?.({ task: "reconciling", done });
  }
}

async function* batches<T>(items: AsyncIterable<T>, size: number): AsyncGenerator<T[]> {
  let batch: T[] = [];
  for await (const item of items) {
    batch.push(item);
    if (batch.length < size) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}
