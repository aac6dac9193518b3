import type { MemberMatch } from "../spec/vector-store.js";
import { dot, meanTemplate } from "../vectors.js";

/** Templates of one member, by id in code-unit order. */
export interface MemberTemplates {
  readonly memberId: string;
  readonly templates: readonly { readonly id: string; readonly vector: Float32Array }[];
}

/**
 * Compares a probe with members by the rule of `MemberMatch`: for stores whose server proposes members by means of its own.
 * Best first, ties by member id.
 */
export function scoredMembers(members: readonly MemberTemplates[]): (probe: Float32Array) => MemberMatch[] {
  const means = members.map(({ templates }) =>
    templates.length < 2 ? undefined : meanTemplate(templates.map(({ vector }) => vector)),
  );
  return (probe) =>
    members
      .map((member, i) => scored(member, means[i], probe))
      .sort((a, b) => b.similarity - a.similarity || (a.memberId < b.memberId ? -1 : 1));
}

function scored(
  { memberId, templates }: MemberTemplates,
  mean: Float32Array | undefined,
  probe: Float32Array,
): MemberMatch {
  let best: MemberMatch = { memberId, similarity: Number.NEGATIVE_INFINITY };
  for (const { id, vector } of templates) {
    const similarity = dot(vector, probe);
    if (similarity > best.similarity) best = { memberId, similarity, templateId: id };
  }
  const ofMean = mean === undefined ? best.similarity : dot(mean, probe);
  return ofMean > best.similarity ? { memberId, similarity: ofMean } : best;
}
