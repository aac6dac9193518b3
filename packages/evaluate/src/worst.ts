/** A pair that a threshold decides wrongly, or would first. */
export interface WorstPair {
  readonly a: string;
  readonly b: string;
  readonly similarity: number;
}

export interface WorstPairs {
  /** Photos of two people, most alike first. */
  readonly impostor: readonly WorstPair[];
  /** Photos of one person, least alike first. */
  readonly genuine: readonly WorstPair[];
}

const keptOfEachKind = 12;

/** Keeps the worst of the pairs that it is offered: those to look at, for wrong labels too. */
export function worstPairs(): {
  offer(a: string, b: string, same: boolean, similarity: number): void;
  found(): WorstPairs;
} {
  const genuine: WorstPair[] = [];
  const impostor: WorstPair[] = [];
  return {
    offer(a, b, same, similarity) {
      const list = same ? genuine : impostor;
      const worse = (pair: WorstPair): boolean => (same ? similarity < pair.similarity : similarity > pair.similarity);
      const last = list[keptOfEachKind - 1];
      if (last !== undefined && !worse(last)) return;
      const place = list.findIndex(worse);
      list.splice(place < 0 ? list.length : place, 0, { a, b, similarity });
      list.length = Math.min(list.length, keptOfEachKind);
    },
    found: () => ({ genuine, impostor }),
  };
}
