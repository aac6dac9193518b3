import { dot, normalize } from "@facekit/core";

/** A member's templates, and their mean scaled to unit length. */
export interface EnrolledTemplates {
  readonly templates: readonly Float32Array[];
  readonly mean: Float32Array;
}

/** How a member with several templates scores against a probe. */
export type FusionRule = (member: EnrolledTemplates, probe: Float32Array) => number;

const nearest: FusionRule = ({ templates }, probe) =>
  templates.reduce((best, template) => Math.max(best, dot(template, probe)), Number.NEGATIVE_INFINITY);

const centroid: FusionRule = ({ mean }, probe) => dot(mean, probe);

const mean: FusionRule = ({ templates }, probe) =>
  templates.reduce((sum, template) => sum + dot(template, probe), 0) / templates.length;

export const fusionRules = {
  nearest,
  /** The mean of the similarities. */
  mean,
  /** Half way between the two. */
  nearestAndMean: (member, probe) => (nearest(member, probe) + mean(member, probe)) / 2,
  /** The similarity to the mean template. */
  centroid,
  /** The nearest of the templates and their mean: what the store does. */
  nearestOrCentroid: (member, probe) => Math.max(nearest(member, probe), centroid(member, probe)),
} satisfies Record<string, FusionRule>;

export type FusionRuleName = keyof typeof fusionRules;

export function enrolledTemplates(templates: readonly Float32Array[]): EnrolledTemplates {
  const sum = new Float64Array(templates[0]?.length ?? 0);
  for (const template of templates) for (const [i, value] of template.entries()) sum[i] = (sum[i] ?? 0) + value;
  return { templates, mean: normalize(sum) };
}
