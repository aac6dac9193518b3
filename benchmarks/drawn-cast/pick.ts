/** Picks the sixteen people of the cast, who part best in every pack at the calibrated thresholds: seeds for cast.ts. */
import { drawnDomainThresholds, personFromSeed } from "@facekit/drawn-people";
import { between, makeAlbums, within } from "./album.js";
import { openPacks } from "./packs.js";
import { candidateSeeds, pickingPictures } from "./seeds.js";

const castSize = 16;
const picturesEach = 5;

const packs = await openPacks();
const thresholds = packs.map(({ embedder }) => drawnDomainThresholds[embedder.space.id]?.threshold ?? 1);
const seeds = Array.from({ length: candidateSeeds.count }, (_, index) => candidateSeeds.first + index);
const albums = await makeAlbums(packs, seeds.map(personFromSeed), pickingPictures, picturesEach);

/** In units of the distance from the threshold to 1, so that packs compare; the worst pack counts. */
const worst = (margin: (pack: number, threshold: number) => number): number =>
  Math.min(...thresholds.map((threshold, pack) => margin(pack, threshold) / (1 - threshold)));

/** How far above the threshold a person's own pictures stay. */
const steadiness = albums.map((album) =>
  album.missed > 0 ? -1 : worst((pack, threshold) => Math.min(...within(album, pack)) - threshold),
);
/** How far below it two people's stay. */
const distance = albums.map((one) =>
  albums.map((other) => worst((pack, threshold) => threshold - Math.max(...between(one, other, pack)))),
);

const margin = (candidate: number, others: readonly number[]): number =>
  Math.min(steadiness[candidate] ?? -1, ...others.map((other) => distance[candidate]?.[other] ?? -1));

const best = (others: readonly number[]): number => {
  const margins = seeds.map((_, index) => (others.includes(index) ? -2 : margin(index, others)));
  return margins.indexOf(Math.max(...margins));
};

let picked: number[] = [];
while (picked.length < castSize) picked.push(best(picked));
const sum = (group: readonly number[]): number =>
  group.reduce(
    (total, one) =>
      total +
      margin(
        one,
        group.filter((other) => other !== one),
      ),
    0,
  );
// Swaps one person at a time for as long as that widens the margins; their sum strictly grows, so this ends.
for (let improved = true; improved; ) {
  improved = false;
  for (const leaving of picked) {
    const rest = picked.filter((one) => one !== leaving);
    const swapped = [...rest, best(rest)];
    if (sum(swapped) > sum(picked) + 1e-9) {
      picked = swapped;
      improved = true;
      break;
    }
  }
}
const margins = picked.map((one) =>
  margin(
    one,
    picked.filter((other) => other !== one),
  ),
);
console.log(
  picked
    .map((index, at) => ({ seed: seeds[index], margin: margins[at] ?? 0 }))
    .sort((a, b) => b.margin - a.margin)
    .map(({ seed, margin }) => `${seed} (${margin.toFixed(2)})`)
    .join(", "),
);
process.exit();
