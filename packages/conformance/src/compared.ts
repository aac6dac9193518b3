import { type IndexEntry, normalize } from "@facekit/core";

/** A template, or without an id a mean. */
export interface Compared {
  readonly id?: string;
  readonly memberId: string;
  readonly vector: Float32Array;
}

/** All that a query is compared with: the templates, and the means of those members who have several. */
export function withMeans(templates: readonly IndexEntry[]): Compared[] {
  const members = new Map<string, Float32Array[]>();
  for (const { memberId, vector } of [...templates].sort((a, b) => (a.id < b.id ? -1 : 1))) {
    const own = members.get(memberId);
    if (own === undefined) members.set(memberId, [vector]);
    else own.push(vector);
  }
  const means = [...members].flatMap(([memberId, own]): Compared[] => {
    const sum = Array.from(own[0] ?? [], (_, i) => own.reduce((total, vector) => total + (vector[i] ?? 0), 0));
    return own.length > 1 && Math.hypot(...sum) >= 0.001 * own.length ? [{ memberId, vector: normalize(sum) }] : [];
  });
  return [...templates, ...means];
}
