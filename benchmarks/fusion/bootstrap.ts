/** One search as a rule scored it. Probes of one person are drawn together: they are not independent. */
export interface FusedSearch {
  readonly person: number;
  /** Of strangers the nearest member's score; of members their own at rank 1, else minus infinity. */
  readonly score: number;
}

/** The searches of one random split of photos into gallery and probes, strangers best first. */
export interface SplitSearches {
  readonly members: readonly FusedSearch[];
  readonly strangers: readonly FusedSearch[];
}

/** How often each person is drawn. */
export interface Draw {
  readonly members: ArrayLike<number>;
  readonly strangers: ArrayLike<number>;
}

/** FNIR at the lowest threshold that names at most this share of the strangers, each person counted as often as drawn. */
export function falseNegativeRate({ members, strangers }: SplitSearches, rate: number, draw: Draw): number {
  const drawn = ({ person }: FusedSearch): number => draw.strangers[person] ?? 0;
  const allowed = rate * strangers.reduce((sum, search) => sum + drawn(search), 0) + 1e-9;
  let named = 0;
  let refused = Number.NEGATIVE_INFINITY;
  for (const search of strangers) {
    named += drawn(search);
    if (named <= allowed) continue;
    refused = search.score;
    break;
  }
  let [missed, all] = [0, 0];
  for (const { person, score } of members) {
    const weight = draw.members[person] ?? 0;
    all += weight;
    if (!(score > refused)) missed += weight;
  }
  return missed / all;
}

/** People drawn with replacement (B. Efron, "Bootstrap methods: another look at the jackknife", 1979). */
export function drawPeople(members: number, strangers: number, random: () => number): Draw {
  const times = (people: number): Uint16Array => {
    const counts = new Uint16Array(people);
    for (let i = 0; i < people; i++) {
      const person = Math.floor(random() * people);
      counts[person] = (counts[person] ?? 0) + 1;
    }
    return counts;
  };
  return { members: times(members), strangers: times(strangers) };
}
