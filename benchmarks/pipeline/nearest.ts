/** The gallery of contenders that bring none: few members, so a loop. */
export class Gallery {
  readonly #members: { readonly memberId: string; readonly vector: ArrayLike<number> }[] = [];

  add(memberId: string, vector: ArrayLike<number>): void {
    this.#members.push({ memberId, vector });
  }

  /** The member whose template is least far by the given measure, and how far that is. */
  nearest(
    vector: ArrayLike<number>,
    distance: (a: ArrayLike<number>, b: ArrayLike<number>) => number,
  ): { readonly memberId: string | undefined; readonly distance: number } {
    let best: { memberId: string | undefined; distance: number } = { memberId: undefined, distance: Infinity };
    for (const { memberId, vector: template } of this.#members) {
      const far = distance(vector, template);
      if (far < best.distance) best = { memberId, distance: far };
    }
    return best;
  }
}

export function euclidean(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += ((a[i] ?? 0) - (b[i] ?? 0)) ** 2;
  return Math.sqrt(sum);
}
