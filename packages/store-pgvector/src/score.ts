import { dot, type MemberMatch, meanTemplate } from "@facekit/core";

/** Templates of one member, by id in code-unit order. */
export interface MemberTemplates {
  readonly memberId: string;
  readonly templates: readonly { readonly id: string; readonly vector: Float32Array }[];
}

/** Compares with the members as `MemberMatch` says: the nearest of the templates and their mean. Best first, ties by id. */
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
