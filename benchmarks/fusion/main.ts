/**
 * Which rule fuses a member's templates best? `npm run bench -- fusion --photos DIR [--models-dir DIR] [--cache DIR]
 * [--packs bundled,…]`, with a folder of photos for each person. Members are those of four photos or more; two or three
 * of them, drawn at random, are enrolled and the others searched, as are all photos of everyone else. Rules are compared
 * at thresholds that name the same share of strangers. --cache keeps templates, which are biometric data: outside the
 * repository, and not for longer than needed. Results go to benchmarks/results/fusion.json.
 */
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { chooseThreshold, expectedFalsePositiveRate } from "@facekit/core";
import { enrolPhotos } from "@facekit/evaluate";
import { decodeImage, loadPack } from "@facekit/node";
import { thisMachine } from "../machine.js";
import { quantile } from "../statistics.js";
import { drawPeople, type FusedSearch, falseNegativeRate, type SplitSearches } from "./bootstrap.js";
import { enrolledTemplates, type FusionRuleName, fusionRules } from "./rules.js";

const { values } = parseArgs({
  options: {
    photos: { type: "string" },
    "models-dir": { type: "string" },
    cache: { type: "string" },
    packs: { type: "string", default: "yunet+retail-0095,yunet+mobilefacenet-foamliu,bundled" },
  },
});
if (values.photos === undefined) throw new Error("Which photos? --photos DIR, with a folder for each person.");
const photosFolder = values.photos;

const splits = 10;
const draws = 1000;
const fewestPhotos = 4;
const enrolledPhotos = [2, 3];
/** FPIR: what about 1,500 strangers support by the rule of 3. */
const matchedRates = [1e-2, 3e-3];
/** FMR of the card's thresholds at which the measured FPIR is told beside the expected one. */
const cardRates = [1e-3, 1e-4];
const rules = Object.keys(fusionRules) as FusionRuleName[];

interface Split {
  readonly searches: SplitSearches;
  readonly rankOne: number;
}

const packs: Record<string, object[]> = {};
for (const pack of values.packs.split(",")) {
  const { people, calibration } = await templatesOf(pack);
  const members = people.filter((own) => own.length >= fewestPhotos);
  const strangers = people
    .filter((own) => own.length < fewestPhotos)
    .flatMap((own, person) => own.map((probe) => ({ person, probe })));
  const strangerPeople = people.length - members.length;
  packs[pack] = enrolledPhotos.map((enrolled) => {
    const random = seeded(enrolled);
    const bySplit = Array.from({ length: splits }, () => runSplit(members, strangers, enrolled, random));
    const everyone = { members: members.map(() => 1), strangers: Array.from({ length: strangerPeople }, () => 1) };
    const drawn = Array.from({ length: draws }, () => drawPeople(members.length, strangerPeople, random));
    const fnir = (rule: FusionRuleName, rate: number, draw: typeof everyone | (typeof drawn)[number]): number =>
      mean(bySplit.map((split) => falseNegativeRate(split[rule].searches, rate, draw)));
    return {
      enrolled,
      members: members.length,
      templates: members.length * enrolled,
      memberSearches: bySplit[0]?.nearest.searches.members.length,
      strangerSearches: strangers.length,
      rules: Object.fromEntries(
        rules.map((rule) => [
          rule,
          {
            rankOne: mean(bySplit.map((split) => split[rule].rankOne)),
            atFpir: matchedRates.map((rate) => {
              const differences = drawn.map((draw) => fnir(rule, rate, draw) - fnir("nearest", rate, draw));
              return {
                falsePositiveRate: rate,
                falseNegativeRate: fnir(rule, rate, everyone),
                differenceToNearest: fnir(rule, rate, everyone) - fnir("nearest", rate, everyone),
                interval: [quantile(differences, 0.025), quantile(differences, 0.975)],
              };
            }),
            atCardThreshold: cardRates.map((falseMatchRate) => {
              const { value } = chooseThreshold({ falseMatchRate }, calibration);
              const share = (kind: keyof SplitSearches): number =>
                mean(bySplit.map((split) => acceptedShare(split[rule].searches[kind], value)));
              return {
                falseMatchRate,
                falsePositiveRate: share("strangers"),
                expectedFalsePositiveRate: expectedFalsePositiveRate(
                  falseMatchRate,
                  members.length * (enrolled + (rule === "nearestOrCentroid" ? 1 : 0)),
                ),
                falseNegativeRate: 1 - share("members"),
              };
            }),
          },
        ]),
      ),
    };
  });
  process.stderr.write(`${pack}: done\n`);
}
const results = { machine: thisMachine(), date: new Date().toISOString(), splits, draws, packs };
const folder = new URL("../results/", import.meta.url);
await mkdir(folder, { recursive: true });
const text = JSON.stringify(
  results,
  (_key, value) => (typeof value === "number" ? Number(value.toFixed(5)) : value),
  1,
);
await writeFile(new URL("fusion.json", folder), `${text}\n`);
process.stdout.write(`${text}\n`);

type People = readonly (readonly Float32Array[])[];

function runSplit(
  members: People,
  strangers: readonly { readonly person: number; readonly probe: Float32Array }[],
  enrolled: number,
  random: () => number,
): Record<FusionRuleName, Split> {
  const shuffled = members.map((own) => shuffle(own, random));
  const gallery = shuffled.map((own) => enrolledTemplates(own.slice(0, enrolled)));
  const probes = shuffled.flatMap((own, person) => own.slice(enrolled).map((probe) => ({ person, probe })));
  const run = (name: FusionRuleName): Split => {
    const rule = fusionRules[name];
    const search = (probe: Float32Array): { member: number; score: number } => {
      let best = { member: -1, score: Number.NEGATIVE_INFINITY };
      for (const [member, own] of gallery.entries()) {
        const score = rule(own, probe);
        if (score > best.score) best = { member, score };
      }
      return best;
    };
    const found = probes.map(({ person, probe }): FusedSearch => {
      const { member, score } = search(probe);
      return { person, score: member === person ? score : Number.NEGATIVE_INFINITY };
    });
    const named = strangers.map(({ person, probe }): FusedSearch => ({ person, score: search(probe).score }));
    return {
      searches: { members: found, strangers: named.sort((a, b) => b.score - a.score) },
      rankOne: found.filter(({ score }) => score > Number.NEGATIVE_INFINITY).length / found.length,
    };
  };
  return {
    nearest: run("nearest"),
    mean: run("mean"),
    nearestAndMean: run("nearestAndMean"),
    centroid: run("centroid"),
    nearestOrCentroid: run("nearestOrCentroid"),
  };
}

function acceptedShare(searches: readonly FusedSearch[], threshold: number): number {
  return searches.filter(({ score }) => score >= threshold).length / searches.length;
}

/** Everyone's templates, from the cache where they are. */
async function templatesOf(pack: string) {
  const modelsDirectory = values["models-dir"];
  const { detector, embedder } = await loadPack(pack, modelsDirectory === undefined ? {} : { modelsDirectory });
  const folders = (await readdir(photosFolder, { withFileTypes: true })).filter((entry) => entry.isDirectory());
  const photos = await Promise.all(
    folders.map(async ({ name }) => (await readdir(join(photosFolder, name))).sort().map((file) => join(name, file))),
  );
  // By what decides the templates: the pack's name stays when a chip changes.
  const key = `${detector.id}-${embedder.space.id}.json`.replace(/[^\w.+-]/g, "_");
  const cached = values.cache === undefined ? undefined : join(values.cache, key);
  let templates = cached === undefined ? undefined : await readCache(cached);
  if (templates === undefined) {
    const decode = (photo: unknown) => decodeImage(join(photosFolder, String(photo)));
    const enrolled = await enrolPhotos({ detector, embedder, decode }, photos.flat(), { choose: "central" });
    templates = enrolled.templates;
    if (cached !== undefined)
      await writeFile(cached, JSON.stringify([...templates].map(([photo, t]) => [photo, [...t]])));
  }
  await detector[Symbol.asyncDispose]();
  await embedder[Symbol.asyncDispose]();
  const found = templates;
  const people: People = photos.map((own) => own.flatMap((photo) => found.get(photo) ?? []));
  return { people: people.filter((own) => own.length > 0), calibration: embedder.calibration };
}

async function readCache(file: string): Promise<ReadonlyMap<string, Float32Array> | undefined> {
  const text = await readFile(file, "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  const entries = JSON.parse(text) as [string, number[]][];
  return new Map(entries.map(([photo, template]) => [photo, Float32Array.from(template)]));
}

function shuffle<T>(items: readonly T[], random: () => number): T[] {
  return items
    .map((item) => ({ item, key: random() }))
    .sort((a, b) => a.key - b.key)
    .map(({ item }) => item);
}

function mean(numbers: readonly number[]): number {
  return numbers.reduce((sum, value) => sum + value, 0) / numbers.length;
}

/** mulberry32, as the tests draw: the same splits on every run. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
