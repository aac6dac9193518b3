import type { Decision } from "../decision.js";
import { isFaceKitError } from "../errors.js";
import type { Face } from "../spec/face.js";
import type { ImageInput } from "../spec/image.js";
import type { MemberMatch } from "../spec/vector-store.js";
import {
  candidateCount,
  decideAbout,
  type FlowContext,
  type FlowOptions,
  namespaceOf,
  searchTermsFor,
  signalOf,
  singleFace,
  sourceOf,
  wantConditionalWrites,
} from "./context.js";
import { photoToKeep, recordEnrolment } from "./record-enrolment.js";
import { decideAndWrite } from "./register.js";

export interface Identification {
  /** The member, when one was recognised; `decision.reason` tells why not otherwise. */
  readonly best?: { readonly memberId: string; readonly similarity: number };
  readonly decision: Decision;
  /** The nearest members whether or not they passed, best first. */
  readonly candidates: readonly MemberMatch[];
  /** The face that was looked at: the largest of the photo; absent when there was none. */
  readonly face?: Face;
}

/** 1:N: who is the person in the photo? A photo without a face is answered, not refused. */
export async function identify(
  context: FlowContext,
  photo: ImageInput,
  options: FlowOptions = {},
): Promise<Identification> {
  const namespace = namespaceOf(context, options);
  const termsOf = searchTermsFor(context, options);
  const search = { k: candidateCount, ...signalOf(options) };
  try {
    const probe = await singleFace(context, photo, { ...signalOf(options), minFaceSize: 1, several: "largest" });
    const { matches, comparisons } = await context.index.search(namespace, [probe], search);
    const candidates = matches[0] ?? [];
    const decision = decideAbout(context, probe, candidates, termsOf(comparisons));
    return { ...bestOf(decision), decision, candidates, face: probe.face };
  } catch (error) {
    if (!isFaceKitError(error, "no-face")) throw error;
    const { comparisons } = await context.index.search(namespace, [], search);
    const decision: Decision = {
      matched: false,
      ...termsOf(comparisons),
      refusals: ["no-face"],
      reason: error.message,
    };
    return { decision, candidates: [] };
  }
}

function bestOf({ memberId, similarity }: Decision): Pick<Identification, "best"> {
  return memberId === undefined || similarity === undefined ? {} : { best: { memberId, similarity } };
}

export interface MatchOrRegisterOptions extends FlowOptions {
  /** Makes the id of a new member. Default: a random UUID. */
  readonly newMemberId?: () => string;
  readonly minFaceSize?: number;
  /** Keep the photo of a new member in the kit's `photos`, as it is. Default: where the kit has them. */
  readonly keepPhotos?: boolean;
}

export interface MatchOrRegistration {
  readonly memberId: string;
  /** Whether the member was enrolled just now. */
  readonly registered: boolean;
  readonly decision: Decision;
}

/**
 * The member in the photo, or a new member when nobody matches. Two calls with one person's photos at the same time,
 * even in two processes over one store, never make two members: the write holds only if nothing changed since the search.
 */
export async function matchOrRegister(
  context: FlowContext,
  photo: ImageInput,
  options: MatchOrRegisterOptions = {},
): Promise<MatchOrRegistration> {
  const namespace = namespaceOf(context, options);
  wantConditionalWrites(context, "matchOrRegister");
  const termsOf = searchTermsFor(context, options);
  const { image, bytes } = await photoToKeep(context, photo, options);
  const probe = await singleFace(context, image, { ...options, several: "refuse", source: sourceOf(photo) });
  const newMemberId = options.newMemberId ?? (() => crypto.randomUUID());
  const decided = await decideAndWrite(async () => {
    const search = { k: candidateCount, ...signalOf(options) };
    const { matches, revision, comparisons } = await context.index.search(namespace, [probe], search);
    const decision = decideAbout(context, probe, matches[0] ?? [], termsOf(comparisons));
    if (decision.memberId !== undefined) return { memberId: decision.memberId, decision };
    const memberId = newMemberId();
    const write = { ifRevision: revision, sources: [sourceOf(photo)], ...signalOf(options) };
    const { templateIds } = await context.index.enrol(namespace, memberId, [probe], write);
    return { memberId, decision, templateIds };
  });
  const { memberId, decision, templateIds } = decided;
  if (templateIds === undefined) return { memberId, registered: false, decision };
  const photos = bytes === undefined ? [] : [bytes];
  await recordEnrolment(context, namespace, { memberId, templateIds, photos }, options);
  return { memberId, registered: true, decision };
}
