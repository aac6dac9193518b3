import { checkId } from "../checks.js";
import { type Decision, decide } from "../decision.js";
import { FaceKitError } from "../errors.js";
import type { Face } from "../spec/face.js";
import type { ImageInput } from "../spec/image.js";
import {
  candidateCount,
  type FlowContext,
  type FlowOptions,
  namespaceOf,
  signalOf,
  singleFace,
  thresholdFor,
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
  const threshold = thresholdFor(context, options);
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
  return { ...decide(candidates, threshold), face: probe.face };
}

/** 1:N: is the person in the photo any member of the namespace? */
export async function verifyAnyMember(
  context: FlowContext,
  photo: ImageInput,
  options: FlowOptions = {},
): Promise<Verification> {
  const namespace = namespaceOf(context, options);
  const threshold = thresholdFor(context, options);
  const probe = await singleFace(context, photo, { ...signalOf(options), minFaceSize: 1, several: "largest" });
  const search = { k: candidateCount, ...signalOf(options) };
  const { matches } = await context.index.search(namespace, [probe], search);
  return { ...decide(matches[0] ?? [], threshold), face: probe.face };
}

export interface Comparison {
  readonly matched: boolean;
  readonly similarity: number;
  readonly threshold: Decision["threshold"];
  readonly faces: readonly [Face, Face];
}

/** Do two photos show the same person? Nothing is enrolled. */
export async function compare(
  context: FlowContext,
  photoA: ImageInput,
  photoB: ImageInput,
  options: FlowOptions = {},
): Promise<Comparison> {
  const threshold = thresholdFor(context, options);
  const one = { ...signalOf(options), minFaceSize: 1, several: "largest" } as const;
  const a = await singleFace(context, photoA, one);
  const b = await singleFace(context, photoB, one);
  const similarity = await context.index.compare(a, b, signalOf(options));
  return { matched: similarity >= threshold.value, similarity, threshold, faces: [a.face, b.face] };
}
