import { checkId } from "../checks.js";
import { belowThreshold, type Decision } from "../decision.js";
import { FaceKitError } from "../errors.js";
import type { Face } from "../spec/face.js";
import type { ImageInput } from "../spec/image.js";
import {
  candidateCount,
  comparisonThreshold,
  decideAbout,
  type FlowContext,
  type FlowOptions,
  namespaceOf,
  searchTermsFor,
  signalOf,
  singleFace,
} from "./context.js";

export interface Verification extends Decision {
  readonly face: Face;
}

/**
 * 1:1: is the person in the photo this member? Where several faces are seen, the largest counts.
 * Rejects with `unknown-member` when the member has no template.
 */
export async function verify(
  context: FlowContext,
  memberId: string,
  photo: ImageInput,
  options: FlowOptions = {},
): Promise<Verification> {
  const namespace = namespaceOf(context, options);
  checkId("memberId", memberId);
  const threshold = comparisonThreshold(context, options);
  const probe = await singleFace(context, photo, { ...signalOf(options), minFaceSize: 1, several: "largest" });
  const search = { k: 1, memberIds: [memberId], ...signalOf(options) };
  const { matches } = await context.index.search(namespace, [probe], search);
  const candidates = matches[0] ?? [];
  if (candidates.length === 0) {
    throw new FaceKitError(
      "unknown-member",
      `There is no member "${memberId}" in namespace "${namespace}". Register the member first.`,
    );
  }
  return { ...decideAbout(context, probe, candidates, { threshold }), face: probe.face };
}

/** 1:N: is the person in the photo any member of the namespace? */
export async function verifyAnyMember(
  context: FlowContext,
  photo: ImageInput,
  options: FlowOptions = {},
): Promise<Verification> {
  const namespace = namespaceOf(context, options);
  const termsOf = searchTermsFor(context, options);
  const probe = await singleFace(context, photo, { ...signalOf(options), minFaceSize: 1, several: "largest" });
  const search = { k: candidateCount, ...signalOf(options) };
  const { matches, comparisons } = await context.index.search(namespace, [probe], search);
  return { ...decideAbout(context, probe, matches[0] ?? [], termsOf(comparisons)), face: probe.face };
}

export interface Comparison extends Pick<Decision, "matched" | "threshold" | "refusals" | "reason"> {
  readonly similarity: number;
  readonly faces: readonly [Face, Face];
}

/** Do two photos show the same person? Nothing is enrolled. */
export async function compare(
  context: FlowContext,
  photoA: ImageInput,
  photoB: ImageInput,
  options: FlowOptions = {},
): Promise<Comparison> {
  const threshold = comparisonThreshold(context, options);
  const one = { ...signalOf(options), minFaceSize: 1, several: "largest" } as const;
  const a = await singleFace(context, photoA, one);
  const b = await singleFace(context, photoB, one);
  const similarity = await context.index.compare(a, b, signalOf(options));
  const refused = belowThreshold(similarity, threshold, "The pair");
  return { matched: refused === undefined, similarity, threshold, refusals: [], ...refused, faces: [a.face, b.face] };
}
