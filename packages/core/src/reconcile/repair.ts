import { mapConcurrently } from "../concurrency.js";
import { type FaceKitError, isFaceKitError } from "../errors.js";
import { retry } from "../retry.js";
import { sleep } from "../sleep.js";
import type { CallOptions } from "../spec/adapter.js";
import type { EnrolledMember } from "../spec/face-records.js";
import type { Member } from "../spec/member-source.js";
import { type Compared, type ComparedParts, changeOfIds, enrolledCursor, sameIds } from "./compare-parts.js";
import type { Difference, Discrepancy, Outcome, Repair } from "./difference.js";
import type { Grace } from "./grace.js";

/** What a member's entry may be made of. */
export type NewMember = Omit<Member, "id" | "faceIds">;

/** A difference with what is to be done about it. */
export interface Planned extends Compared {
  readonly repair: Repair;
  /** Of what the entry is made, where one is. */
  readonly given?: NewMember | undefined;
}

interface PlannedStray {
  readonly found: Extract<Discrepancy, { readonly kind: "stray-face" }>;
  readonly repair: Repair;
}

type OfMember = Exclude<Discrepancy, { readonly kind: "stray-face" }>;

/** Repairs that are at work at a time. */
export const lanes = 8;
/** So many repairs look at the index together; the more, the longer ago it was for the last of them. */
const lookSize = 256;
/** So many stray faces are deleted together. */
const straysAtATime = 256;
/** Over an index that shows writes late, this long after the first look the second comes, in milliseconds, or the grace. */
const settleMs = 60_000;

/**
 * Repairs what still is as it was found. For every few of them the index is read once more, and then the source is asked
 * about each directly before the write, so that what came meanwhile is left alone. An index that shows writes late is read
 * once for all: a further look costs all of its service's list and would not be of now either.
 */
export class Repairs {
  readonly #parts: ComparedParts;
  readonly #grace: Grace;
  readonly #call: CallOptions;

  constructor(parts: ComparedParts, grace: Grace, call: CallOptions) {
    this.#parts = parts;
    this.#grace = grace;
    this.#call = call;
  }

  async *apply(planned: readonly Planned[]): AsyncGenerator<Difference> {
    await this.#settle(planned);
    const ofMembers = planned.flatMap(({ found, ...rest }) =>
      found.kind === "stray-face" ? [] : [{ found, ...rest }],
    );
    const together = this.#parts.index.capabilities.readAfterWrite ? lookSize : ofMembers.length;
    for (const batch of chunks(ofMembers, together)) {
      const now = await this.#facesOf(new Set(batch.map(({ found }) => found.memberId)));
      for (const few of chunks(batch, lanes)) {
        yield* await mapConcurrently(few, lanes, async (each): Promise<Difference> => {
          const result = await attempt(() => this.#repair(each, now.get(each.found.memberId)));
          return { ...each.found, repair: each.repair, ...result };
        });
      }
    }
    const strays = planned.flatMap(({ found, repair }) => (found.kind === "stray-face" ? [{ found, repair }] : []));
    for (const batch of chunks(strays, straysAtATime)) yield* await this.#deleteStrays(batch);
  }

  /** Where faces are missed that an index may merely not show yet, gives it time to. */
  async #settle(planned: readonly Planned[]): Promise<void> {
    if (this.#parts.index.capabilities.readAfterWrite) return;
    if (!planned.some(({ found }) => found.kind === "wrong-face-ids" || found.kind === "orphaned-photos")) return;
    await sleep(Math.min(this.#grace.ms, settleMs), this.#call.signal);
  }

  /** Those of these members who have faces now. */
  async #facesOf(memberIds: ReadonlySet<string>): Promise<ReadonlyMap<string, EnrolledMember>> {
    const faces = new Map<string, EnrolledMember>();
    if (memberIds.size === 0) return faces;
    let last = "";
    for (const memberId of memberIds) if (memberId > last) last = memberId;
    const enrolled = enrolledCursor(this.#parts, this.#call);
    try {
      do {
        await enrolled.advance();
        const { current } = enrolled;
        if (current !== undefined && memberIds.has(current.memberId)) faces.set(current.memberId, current);
      } while (enrolled.current !== undefined && enrolled.current.memberId < last);
    } finally {
      await enrolled.close();
    }
    return faces;
  }

  async #repair(
    { found, entry, given }: Planned & { readonly found: OfMember },
    faces: EnrolledMember | undefined,
  ): Promise<Outcome> {
    const { memberId } = found;
    switch (found.kind) {
      case "orphaned-faces": {
        if (faces === undefined) return "gone";
        if (this.#grace.isYoung(faces.lastEnrolledAt)) return "waiting";
        if ((await this.#entryOf(memberId)) !== undefined) return "gone";
        return given === undefined ? this.#deleteFaces(memberId) : this.#createMember(faces, given);
      }
      case "wrong-face-ids":
        if (faces !== undefined && this.#grace.isYoung(faces.lastEnrolledAt)) return "waiting";
        return this.#linkFaces(memberId, found.noted, faces);
      case "member-without-faces": {
        if (faces !== undefined) return "gone";
        const now = await this.#entryOf(memberId);
        if (now === undefined || entry === undefined || !isAsListed(now, entry)) return "gone";
        return this.#deleteMember(memberId);
      }
      case "orphaned-photos":
        if (faces !== undefined || (await this.#entryOf(memberId)) !== undefined) return "gone";
        return (await this.#deletePhotos(memberId)) > 0 ? "repaired" : "gone";
    }
  }

  async #entryOf(memberId: string): Promise<Member | undefined> {
    const { namespace, members } = this.#parts;
    return retry(async () => members?.get(namespace, memberId, this.#call), this.#call);
  }

  async #deleteFaces(memberId: string): Promise<Outcome> {
    const { namespace, index, members } = this.#parts;
    await this.#deleteVisits(memberId);
    // An erasure may have broken off inside the source.
    const ended = await this.#erase(async () => members?.endDeletion?.(namespace, memberId, this.#call));
    const kept = await this.#deletePhotos(memberId);
    // Last, so that what is left when this breaks off is found by them.
    const erased = await this.#erase(() => index.deleteMember(namespace, memberId, this.#call));
    return ended + kept + erased > 0 ? "repaired" : "gone";
  }

  async #deleteMember(memberId: string): Promise<Outcome> {
    const { namespace, members } = this.#parts;
    await this.#deleteVisits(memberId);
    const erased = await this.#erase(async () => members?.delete(namespace, memberId, this.#call));
    const kept = await this.#deletePhotos(memberId);
    return erased + kept > 0 ? "repaired" : "gone";
  }

  /** First: when the faces and the entry are gone, nothing tells of the visits any more. */
  async #deleteVisits(memberId: string): Promise<void> {
    const { namespace, visits } = this.#parts;
    await this.#erase(async () => visits?.deleteMember(namespace, memberId, this.#call));
  }

  #deletePhotos(memberId: string): Promise<number> {
    const { namespace, photos } = this.#parts;
    return this.#erase(async () => photos?.deleteMember(namespace, memberId, this.#call));
  }

  async #createMember({ memberId, enrolledAt, templateIds }: EnrolledMember, given: NewMember): Promise<Outcome> {
    const { namespace, members } = this.#parts;
    const member = { createdAt: enrolledAt, ...given, id: memberId };
    // Where the source can do that, what an entry that came since the last look has of its own stays.
    const write = members?.merge ?? members?.put;
    await retry(async () => write?.call(members, namespace, member, this.#call), this.#call);
    return templateIds === undefined ? "repaired" : this.#note(memberId, templateIds, "set");
  }

  async #linkFaces(memberId: string, noted: readonly string[], faces: EnrolledMember | undefined): Promise<Outcome> {
    const templateIds = faces === undefined ? [] : faces.templateIds;
    const entry = await this.#entryOf(memberId);
    // Whoever noted others meanwhile knows better than what was read before.
    if (entry === undefined || templateIds === undefined || !sameIds(entry.faceIds ?? [], noted)) return "gone";
    const { added, removed } = changeOfIds(noted, templateIds);
    if (removed.length > 0) return this.#note(memberId, templateIds, "set");
    // What is only added takes nothing from who adds at the same time.
    return added.length === 0 ? "gone" : this.#note(memberId, added, "add");
  }

  async #note(memberId: string, faceIds: readonly string[], mode: "add" | "set"): Promise<Outcome> {
    const { namespace, members } = this.#parts;
    try {
      await retry(async () => members?.linkFaces?.(namespace, memberId, faceIds, { ...this.#call, mode }), this.#call);
      return "repaired";
    } catch (error) {
      // Deleted meanwhile.
      if (isFaceKitError(error, "unknown-member")) return "gone";
      throw error;
    }
  }

  /** In one call, which to a store that keeps a log is one write. It tells how many, and not which. */
  async #deleteStrays(strays: readonly PlannedStray[]): Promise<Difference[]> {
    const { namespace, index } = this.#parts;
    const ids = strays.map(({ found }) => found.stray.id);
    let erased = 0;
    const result = await attempt(async () => {
      erased = await this.#erase(async () => index.strays?.delete(namespace, ids, this.#call), ids.length);
      return "repaired";
    });
    return strays.map(({ found, repair }, i): Difference => {
      if (result.outcome === "failed") return { ...found, repair, ...result };
      return { ...found, repair, outcome: i < erased ? "repaired" : "gone" };
    });
  }

  /** How many there were. Of a call that was repeated, nobody knows what the first did: it is taken to have done it. */
  async #erase(call: () => Promise<number | boolean | undefined>, most = 1): Promise<number> {
    let attempts = 0;
    const erased = await retry(() => {
      attempts++;
      return call();
    }, this.#call);
    return attempts > 1 ? most : Number(erased ?? 0);
  }
}

/** What a part refuses of one repair; it would refuse it again, and not therefore the next. */
const refusals: ReadonlySet<string> = new Set(["invalid-argument", "conflict", "not-supported"]);

async function attempt(
  repair: () => Promise<Outcome>,
): Promise<{ readonly outcome: Outcome; readonly error?: FaceKitError }> {
  try {
    return { outcome: await repair() };
  } catch (error) {
    if (isFaceKitError(error) && refusals.has(error.code)) return { outcome: "failed", error };
    throw error;
  }
}

/** Whether an entry is as it was listed; a list may tell less of it. */
function isAsListed(now: Member, listed: Member): boolean {
  const { name = now.name, email = now.email, phone = now.phone, createdAt = now.createdAt } = listed;
  return (
    name === now.name &&
    email === now.email &&
    phone === now.phone &&
    createdAt?.getTime() === now.createdAt?.getTime() &&
    sameIds(listed.faceIds ?? [], now.faceIds ?? [])
  );
}

function chunks<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));
}
