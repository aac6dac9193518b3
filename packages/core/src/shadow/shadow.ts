import { checkAdapter, checkFunction, checkKeys, checkNumber } from "../checks.js";
import { disposeAll } from "../dispose.js";
import { FaceKitError } from "../errors.js";
import type { PhotoReader } from "../flows/context.js";
import { intersectionOverUnion } from "../geometry/boxes.js";
import type { CallOptions } from "../spec/adapter.js";
import type { DetectOptions } from "../spec/detector.js";
import type { FaceIndex, FaceProbe } from "../spec/face-index.js";
import { isDecodedImage } from "../spec/image.js";
import type { MemberMatch } from "../spec/vector-store.js";
import { within } from "../stores/within.js";
import { chooseThreshold } from "../threshold.js";
import { type CallFigures, CallMeter } from "./call-meter.js";
import { Enrolments } from "./enrolments.js";
import { type HeldPhoto, heldPhoto } from "./held-photo.js";

/** What one of the two is judged by. */
export interface ShadowedPart {
  /** From which score on it recognises a member, in its own kind of score. Default: that of its calibration. */
  readonly threshold?: number;
  /** What a call costs, in any unit that is the same for both. Default 0. */
  readonly costs?: Partial<Readonly<Record<ShadowedCall, number>>>;
}

export type ShadowedCall = "probe" | "search" | "enrol" | "deleteMember";

export interface ShadowOptions {
  readonly first?: ShadowedPart;
  readonly second?: ShadowedPart;
  /** How many calls may wait for the second. What comes when so many wait is not put to it, and counted. Default 100. */
  readonly maxWaiting?: number;
  /** How long the second may take for one call, and disposing for all that waits, in milliseconds. Default 30,000. */
  readonly timeoutMs?: number;
  /**
   * Reads photos that are given by path or URL, once for both. Default: such photos are not put to the second, since
   * another photo may lie there when its turn comes.
   */
  readonly readPhoto?: PhotoReader;
}

/** How often both named the same. Each face of a search that both answered counts once. */
export interface ShadowAgreement {
  readonly faces: number;
  /** Both named the same member, or both named nobody. */
  readonly sameMember: number;
  readonly bothNobody: number;
  readonly differentMembers: number;
  readonly onlyFirst: number;
  readonly onlySecond: number;
  /** Faces that the second did not find in the photo; they are in no other figure. */
  readonly notFoundBySecond: number;
  /** `sameMember` and `bothNobody` of `faces`, 0..1; absent where there was none. */
  readonly share?: number;
}

export interface ShadowReport {
  readonly agreement: ShadowAgreement;
  readonly first: Readonly<Record<ShadowedCall, CallFigures>> & { readonly id: string; readonly cost: number };
  readonly second: Readonly<Record<ShadowedCall, CallFigures>> & {
    readonly id: string;
    readonly cost: number;
    /**
     * Calls that it was not asked for: too many waited, a photo came by path or URL and was not read by `readPhoto`, or
     * their turn had not come when it was disposed. Without enrolments it knows fewer members.
     */
    readonly skippedSearches: number;
    readonly skippedEnrolments: number;
    /** The last error, where calls failed. */
    readonly lastFailure?: unknown;
  };
}

export interface ShadowIndex extends FaceIndex {
  /** What came of it up to now. */
  report(): ShadowReport;
  /** Fulfils when nothing waits for the second any more. */
  settled(): Promise<void>;
}

/** Boxes that overlap less are of two faces: detectors frame a face differently. */
const leastOverlap = 0.3;
const calls: readonly ShadowedCall[] = ["probe", "search", "enrol", "deleteMember"];

interface Seen {
  /** Undefined where it could not be held: the second is not asked about it. */
  readonly image: HeldPhoto | undefined;
  readonly options: DetectOptions;
  /** The second's probes of the photo, once they were asked for. */
  probes: Promise<readonly FaceProbe[]> | undefined;
}

/**
 * An index that answers from the first and puts the same calls to the second beside it, to try one before moving there:
 * its enrolments fill the second, its searches compare the two. Both decide at their own threshold; scores of the two are
 * never compared. Those who were enrolled before are unknown to the second: register them anew, or let it start filled.
 *
 * The second works in the background, one call after the other, and its failures and slowness never reach a caller, with
 * one exception: `deleteMember` fulfils when both have erased, and rejects where one could not, because a face that was
 * to be erased is not left behind. It goes before all that waits: enrolments of the member that wait are dropped, and one
 * that is at work ends first, also where it took longer than `timeoutMs`. `members`, `compare` and `strays` are the first's alone.
 *
 * The second looks at photos later than the caller: it gets a copy, which stays in memory as long as the probes do.
 * Disposing it drops the searches that wait, ends the enrolments that wait, for `timeoutMs` in all, drops the rest, and
 * disposes both.
 *
 * Throws `invalid-argument` for wrong options, and for a part without calibration that was given no threshold.
 */
export function shadow(first: FaceIndex, second: FaceIndex, options: ShadowOptions = {}): ShadowIndex {
  checkKeys("shadow", options, ["first", "second", "maxWaiting", "timeoutMs", "readPhoto"]);
  checkAdapter("first", first);
  checkAdapter("second", second);
  const { maxWaiting = 100, timeoutMs = 30_000, readPhoto } = options;
  checkNumber("maxWaiting", maxWaiting, { min: 1, max: 1e6, integer: true });
  checkNumber("timeoutMs", timeoutMs, { min: 1, max: 2 ** 31 - 1 });
  if (readPhoto !== undefined) checkFunction("readPhoto", readPhoto);
  const of = { first: judged("first", first, options.first), second: judged("second", second, options.second) };
  const agreement = { sameMember: 0, bothNobody: 0, differentMembers: 0, onlyFirst: 0, onlySecond: 0 };
  let notFoundBySecond = 0;
  let [skippedSearches, skippedEnrolments] = [0, 0];
  let lastFailure: unknown;
  const seen = new WeakMap<FaceProbe, Seen>();

  const enrolments = new Enrolments();
  let waiting = 0;
  let tail: Promise<unknown> = Promise.resolve();
  let disposed: Promise<void> | undefined;
  /** Aborts when what waits is waited for no longer. */
  const ending = new AbortController();
  /** Runs the work after all that waits. */
  const afterOthers = <T>(work: () => Promise<T>): Promise<T> => {
    waiting++;
    const done = tail.then(work).finally(() => waiting--);
    tail = done.catch(() => undefined);
    return done;
  };
  const ask = <T>(
    call: ShadowedCall,
    work: (signal: AbortSignal) => Promise<T>,
    options: CallOptions = { signal: ending.signal },
  ): Promise<T> =>
    of.second.meters[call].time(() => within(timeoutMs, work, { ...options, late: () => tooLate(second, timeoutMs) }));
  const beside = (work: () => Promise<void>): void => {
    afterOthers(work).catch((error) => {
      lastFailure = error;
    });
  };

  /** Whether a photo of these could not be held. */
  const isUnheld = (probes: readonly FaceProbe[]): boolean =>
    probes.some((probe) => {
      const photo = seen.get(probe);
      return photo !== undefined && photo.image === undefined;
    });

  /** The second's probe of the same face, for each of the first's. */
  const counterparts = async (probes: readonly FaceProbe[]): Promise<(FaceProbe | undefined)[]> => {
    const taken = new Set<FaceProbe>();
    const found: (FaceProbe | undefined)[] = [];
    for (const probe of probes) {
      const photo = seen.get(probe);
      const image = photo?.image;
      if (photo === undefined || image === undefined) {
        found.push(undefined);
        continue;
      }
      photo.probes ??= ask("probe", (signal) => second.probe(image, { ...photo.options, signal }));
      const others = await photo.probes.catch((error: unknown) => {
        // May be tried again by the next call with this photo.
        photo.probes = undefined;
        throw error;
      });
      const nearest = nearestFace(probe, others, taken);
      if (nearest !== undefined) taken.add(nearest);
      found.push(nearest);
    }
    return found;
  };

  const compareAnswers = (
    ours: readonly MemberMatch[] | undefined,
    theirs: readonly MemberMatch[] | undefined,
  ): void => {
    const [a, b] = [of.first.named(ours), of.second.named(theirs)];
    if (a === b) agreement[a === undefined ? "bothNobody" : "sameMember"]++;
    else if (a === undefined) agreement.onlySecond++;
    else agreement[b === undefined ? "onlyFirst" : "differentMembers"]++;
  };

  return {
    specVersion: first.specVersion,
    id: `shadow(${first.id}, ${second.id})`,
    capabilities: first.capabilities,
    ...(first.strays && { strays: first.strays }),
    ...(first.concurrency === undefined ? {} : { concurrency: first.concurrency }),
    ...(first.calibration && { calibration: first.calibration }),

    async probe(image, probeOptions = {}) {
      const { signal, ...rest } = probeOptions;
      const held = await heldPhoto(image, readPhoto, signal ? { signal } : {}).catch((error: unknown) => {
        // The first may know how to read it, or tells the caller what is wrong.
        if (!signal?.aborted) lastFailure = error;
        return undefined;
      });
      // Decoded pixels as they are: the copy lacks `whole`.
      const own = held === undefined || isDecodedImage(held) ? image : held;
      const probes = await of.first.meters.probe.time(() => first.probe(own, probeOptions));
      const photo: Seen = { image: held, options: rest, probes: undefined };
      for (const probe of probes) seen.set(probe, photo);
      return probes;
    },

    async search(namespace, probes, searchOptions) {
      const answer = await of.first.meters.search.time(() => first.search(namespace, probes, searchOptions));
      if (probes.length === 0 || disposed !== undefined) return answer;
      if (waiting >= maxWaiting || isUnheld(probes)) {
        skippedSearches++;
        return answer;
      }
      const { signal: _, ...rest } = searchOptions;
      beside(async () => {
        if (disposed !== undefined) {
          skippedSearches++;
          return;
        }
        const theirs = await counterparts(probes);
        const pairs = theirs.flatMap((probe, i) => (probe === undefined ? [] : [{ probe, ours: answer.matches[i] }]));
        notFoundBySecond += theirs.length - pairs.length;
        if (pairs.length === 0) return;
        const asked = pairs.map(({ probe }) => probe);
        const { matches } = await ask("search", (signal) => second.search(namespace, asked, { ...rest, signal }));
        for (const [i, { ours }] of pairs.entries()) compareAnswers(ours, matches[i]);
      });
      return answer;
    },

    async enrol(namespace, memberId, probes, enrolOptions = {}) {
      const enrolled = await of.first.meters.enrol.time(() => first.enrol(namespace, memberId, probes, enrolOptions));
      if (waiting >= maxWaiting || isUnheld(probes)) {
        skippedEnrolments++;
        return enrolled;
      }
      const { sources } = enrolOptions;
      const enrolment = enrolments.begin(namespace, memberId);
      beside(async () => {
        try {
          if (ending.signal.aborted) {
            skippedEnrolments++;
            return;
          }
          const theirs = await counterparts(probes);
          const pairs = theirs.flatMap((probe, i) => (probe === undefined ? [] : [{ probe, source: sources?.[i] }]));
          notFoundBySecond += theirs.length - pairs.length;
          if (pairs.length === 0 || enrolment.isErased) return;
          // Of the second's revisions nobody knows.
          await ask("enrol", (signal) =>
            enrolment.run(
              second.enrol(
                namespace,
                memberId,
                pairs.map(({ probe }) => probe),
                { signal, ...(sources && { sources: pairs.map(({ source }) => source) }) },
              ),
            ),
          );
        } finally {
          enrolment.end();
        }
      });
      return enrolled;
    },

    compare: (a, b, compareOptions) => first.compare(a, b, compareOptions),

    async deleteMember(namespace, memberId, deleteOptions) {
      // First there: who repeats the call still sees the member in the first.
      const erasure = ask(
        "deleteMember",
        async (signal) => {
          await enrolments.erase(namespace, memberId);
          signal.throwIfAborted();
          await second.deleteMember(namespace, memberId, { signal });
        },
        deleteOptions,
      );
      afterOthers(() => erasure).catch(() => undefined);
      await erasure;
      return of.first.meters.deleteMember.time(() => first.deleteMember(namespace, memberId, deleteOptions));
    },

    members: (namespace, memberOptions) => first.members(namespace, memberOptions),

    report() {
      const { sameMember, bothNobody, differentMembers, onlyFirst, onlySecond } = agreement;
      const faces = sameMember + bothNobody + differentMembers + onlyFirst + onlySecond;
      return {
        agreement: {
          faces,
          ...agreement,
          notFoundBySecond,
          ...(faces === 0 ? {} : { share: (sameMember + bothNobody) / faces }),
        },
        first: { id: first.id, ...of.first.figures() },
        second: {
          id: second.id,
          ...of.second.figures(),
          skippedSearches,
          skippedEnrolments,
          ...(lastFailure === undefined ? {} : { lastFailure }),
        },
      };
    },

    async settled() {
      while (waiting > 0) await tail;
    },

    async [Symbol.asyncDispose]() {
      disposed ??= (async () => {
        const timer = setTimeout(() => ending.abort(tooLate(second, timeoutMs)), timeoutMs);
        await tail;
        clearTimeout(timer);
        await disposeAll([first, second]);
      })();
      await disposed;
    },
  };
}

function judged(name: string, index: FaceIndex, part: ShadowedPart = {}) {
  checkKeys(name, part, ["threshold", "costs"]);
  const { threshold, costs = {} } = part;
  checkKeys(`${name}.costs`, costs, calls);
  for (const [call, cost] of Object.entries(costs)) {
    checkNumber(`${name}.costs.${call}`, cost, { min: 0, max: Number.MAX_VALUE });
  }
  const { value } = chooseThreshold(threshold === undefined ? {} : { threshold }, index.calibration);
  const meterOf = (call: ShadowedCall): CallMeter => new CallMeter(costs[call] ?? 0);
  const meters: Readonly<Record<ShadowedCall, CallMeter>> = {
    probe: meterOf("probe"),
    search: meterOf("search"),
    enrol: meterOf("enrol"),
    deleteMember: meterOf("deleteMember"),
  };
  return {
    meters,
    /** The member whom it recognises. */
    named: (matches: readonly MemberMatch[] | undefined): string | undefined => {
      const [best] = matches ?? [];
      return best !== undefined && best.similarity >= value ? best.memberId : undefined;
    },
    figures: () => {
      const each = {
        probe: meters.probe.figures(),
        search: meters.search.figures(),
        enrol: meters.enrol.figures(),
        deleteMember: meters.deleteMember.figures(),
      };
      return { ...each, cost: Object.values(each).reduce((sum, { cost }) => sum + cost, 0) };
    },
  };
}

function nearestFace(
  { face }: FaceProbe,
  others: readonly FaceProbe[],
  taken: ReadonlySet<FaceProbe>,
): FaceProbe | undefined {
  let best: { readonly probe: FaceProbe; readonly overlap: number } | undefined;
  for (const probe of others) {
    const overlap = intersectionOverUnion(face.box, probe.face.box);
    if (overlap >= leastOverlap && overlap > (best?.overlap ?? 0) && !taken.has(probe)) best = { probe, overlap };
  }
  return best?.probe;
}

function tooLate({ id }: FaceIndex, timeoutMs: number): FaceKitError {
  return new FaceKitError("service-unavailable", `No answer within ${timeoutMs} ms.`, { adapter: id, retryable: true });
}
