/** Makes the drawn domain's thresholds from people outside the cast and writes them where the package exports them. */
import { writeFile } from "node:fs/promises";
import { personFromSeed } from "@facekit/drawn-people";
import { between, makeAlbums, pairs, within } from "./album.js";
import { openPacks } from "./packs.js";
import { calibratingPictures, outsiderSeeds } from "./seeds.js";

const picturesEach = 3;
/** As for photos, the default of the model cards. */
const falseMatchRate = 1e-3;

const packs = await openPacks();
const people = Array.from({ length: outsiderSeeds.count }, (_, index) => personFromSeed(outsiderSeeds.first + index));
const albums = await makeAlbums(packs, people, calibratingPictures, picturesEach);
const thresholds = Object.fromEntries(
  packs.map(({ embedder }, pack) => {
    const strangers = pairs(albums)
      .flatMap(([one, other]) => between(one, other, pack))
      .sort((a, b) => b - a);
    const own = albums.flatMap((album) => within(album, pack));
    // Just above the similarity of the first pair that must not pass.
    const threshold = Math.ceil((strangers[Math.floor(strangers.length * falseMatchRate)] ?? 1) * 1e5) / 1e5;
    const rejected = own.filter((similarity) => similarity < threshold).length / own.length;
    const accepted = strangers.filter((similarity) => similarity >= threshold).length / strangers.length;
    return [
      embedder.space.id,
      {
        threshold,
        falseMatchRate: Number(accepted.toPrecision(3)),
        falseNonMatchRate: Number(rejected.toPrecision(3)),
        pairs: strangers.length,
        ownPairs: own.length,
        madeBy: "benchmarks/drawn-cast/calibrate.ts",
      },
    ];
  }),
);
await writeFile(
  new URL("../../packages/drawn-people/src/thresholds-data.ts", import.meta.url),
  `// Written by benchmarks/drawn-cast/calibrate.ts: change that and run it again.
import type { DrawnDomainThreshold } from "./thresholds.js";

export const measured: Readonly<Record<string, DrawnDomainThreshold>> = ${JSON.stringify(thresholds, null, 2)};
`,
);
console.log(thresholds);
process.exit();
