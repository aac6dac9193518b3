import { checkNumber } from "../checks.js";
import { FaceKitError, type FaceKitErrorCode, isFaceKitError } from "../errors.js";
import { type PurchaseSummary, PurchaseTally, type SummaryOptions } from "../purchases/summarise-purchases.js";
import type { ImageInput } from "../spec/image.js";
import type { Member, MemberSource } from "../spec/member-source.js";
import { abortable } from "../stores/abortable.js";
import { within } from "../stores/within.js";
import { type FlowContext, type FlowOptions, namespaceOf, searchTermsFor, signalOf } from "./context.js";
import { type Identification, identify } from "./identify.js";

export interface WelcomeOptions extends FlowOptions, SummaryOptions {
  /**
   * How long the member source may take for the member and the purchases together, in milliseconds, counted from when
   * the person was recognised. 0: it is not asked. Default 5,000.
   */
  readonly deadlineMs?: number;
}

/** Why something was not asked: what it needs is not there, or failed. */
export type NotAsked =
  | "identification-failed"
  | "nobody-recognised"
  | "no-member-source"
  | "member-unknown"
  | "no-purchases";

/** One part of an answer that is made of several: each fails by itself. */
export type Part<T> =
  | { readonly status: "ok"; readonly value: T }
  | {
      readonly status: "failed";
      readonly error: FaceKitError;
      /** What was known when it failed. */
      readonly known?: T;
    }
  | { readonly status: "not-asked"; readonly why: NotAsked };

export interface Welcome {
  readonly identification: Part<Identification>;
  /**
   * The member's entry. Where there is none, because it was deleted meanwhile or never made, it failed with
   * `unknown-member`, and no purchases are asked for.
   */
  readonly member: Part<Member>;
  /** `known`, where it failed, sums up the purchases that had come by then. */
  readonly purchases: Part<PurchaseSummary>;
}

/**
 * Who is this, what is known of the member, and what did the member buy? A part that fails leaves the others as they
 * are; purchases are asked for although the entry could not be had. A photo without a face is answered, as by `identify`.
 *
 * Rejects with `invalid-argument`, `rate-not-supported` and `closed` of the recognition, and with the signal's reason;
 * everything else, and all that the member source says, is told in the part where it happened. A source that takes longer than `deadlineMs` fails with `service-unavailable`.
 */
export async function welcome(context: FlowContext, photo: ImageInput, options: WelcomeOptions = {}): Promise<Welcome> {
  const namespace = namespaceOf(context, options);
  searchTermsFor(context, options);
  const { deadlineMs = 5000, signal, timeZone, maxProducts, ...flow } = options;
  checkNumber("deadlineMs", deadlineMs, { min: 0, max: Number.POSITIVE_INFINITY });
  const tally = new PurchaseTally({
    ...(timeZone === undefined ? {} : { timeZone }),
    ...(maxProducts === undefined ? {} : { maxProducts }),
  });
  const { members } = context;

  const identification = await partOf(() => identify(context, photo, { ...flow, ...signalOf(options) }), signal, [
    "invalid-argument",
    "rate-not-supported",
    "closed",
  ]);
  const nothing = (why: NotAsked): Welcome => ({ identification, member: notAsked(why), purchases: notAsked(why) });
  if (identification.status !== "ok") return nothing("identification-failed");
  const memberId = identification.value.best?.memberId;
  if (memberId === undefined) return nothing("nobody-recognised");
  if (members === undefined) return nothing("no-member-source");

  const deadline = performance.now() + deadlineMs;
  const inTime = <T>(ask: (signal: AbortSignal) => Promise<T>): Promise<Part<T>> =>
    partOf(
      () =>
        within(deadline - performance.now(), ask, { ...signalOf(options), late: () => tooLate(members, deadlineMs) }),
      signal,
    );
  const member = await inTime((call) => memberOf(members, namespace, memberId, call));
  const unknown = member.status === "failed" && isFaceKitError(member.error, "unknown-member");
  if (unknown) return { identification, member, purchases: notAsked("member-unknown") };
  if (!members.capabilities.purchases) return { identification, member, purchases: notAsked("no-purchases") };
  const purchases = await inTime(async (call) => {
    await addAll(tally, members.purchases(namespace, memberId, { signal: call }), call);
    return tally.summary();
  });
  const known = purchases.status === "failed" ? { ...purchases, known: tally.summary() } : purchases;
  return { identification, member, purchases: known };
}

async function memberOf(
  members: MemberSource,
  namespace: string,
  memberId: string,
  signal: AbortSignal,
): Promise<Member> {
  const member = await members.get(namespace, memberId, { signal });
  if (member !== undefined) return member;
  throw new FaceKitError(
    "unknown-member",
    `"${memberId}" was recognised, but has no entry in "${namespace}" (any more). reconcile() lists such faces.`,
    { adapter: members.id },
  );
}

/** Adds what comes until the signal says enough, whether or not the source heeds it. */
async function addAll<T>(tally: { add(item: T): void }, items: AsyncIterable<T>, signal: AbortSignal): Promise<void> {
  const iterator = items[Symbol.asyncIterator]();
  let ended = false;
  try {
    for (;;) {
      signal.throwIfAborted();
      const next = await abortable(iterator.next(), signal);
      ended = next.done === true;
      if (next.done) return;
      tally.add(next.value);
    }
  } finally {
    // Not waited for: a source that hangs would hang here too.
    if (!ended) iterator.return?.().catch(() => undefined);
  }
}

function tooLate({ id }: MemberSource, deadlineMs: number): FaceKitError {
  return new FaceKitError("service-unavailable", `The member source did not answer within ${deadlineMs} ms.`, {
    adapter: id,
    retryable: true,
  });
}

function notAsked(why: NotAsked): { readonly status: "not-asked"; readonly why: NotAsked } {
  return { status: "not-asked", why };
}

/** What comes of a call, whatever that is, but for the signal's reason and the errors that are the caller's own. */
async function partOf<T>(
  ask: () => Promise<T>,
  signal: AbortSignal | undefined,
  thrown: readonly FaceKitErrorCode[] = [],
): Promise<Part<T>> {
  try {
    return { status: "ok", value: await ask() };
  } catch (error) {
    signal?.throwIfAborted();
    if (!isFaceKitError(error)) {
      const reason = error instanceof Error ? error.message : String(error);
      return { status: "failed", error: new FaceKitError("service-unavailable", reason, { cause: error }) };
    }
    if (thrown.includes(error.code)) throw error;
    return { status: "failed", error };
  }
}
