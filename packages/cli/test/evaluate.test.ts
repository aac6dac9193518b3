import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import {
  type CastMember,
  cast,
  conditionsFromSeed,
  drawGroupPhoto,
  drawnDomainThresholds,
  drawPortrait,
} from "@facekit/drawn-people";
import sharp from "sharp";
import { beforeAll, describe, expect, test } from "vitest";
import { emptyFolder, facekit } from "./facekit.js";

const [ada, bo, cy] = cast.members;
const [eve, fay] = cast.strangers;
if (!ada || !bo || !cy || !eve || !fay) throw new Error("The cast is too small for these tests.");
const threshold = drawnDomainThresholds["dlib-resnet-128/landmarks-68/2"]?.threshold ?? Number.NaN;

let cwd: string;
let seed = 500;

async function save(name: string, content: Buffer | string): Promise<void> {
  await mkdir(dirname(join(cwd, name)), { recursive: true });
  await writeFile(join(cwd, name), content);
}

async function portraits(folder: string, { person }: CastMember, names: readonly string[]): Promise<void> {
  for (const name of names) await save(`${folder}/${name}.jpg`, await drawPortrait(person, conditionsFromSeed(seed++)));
}

/** LFW's layout for three people, a photo without a face, a gallery of two of them, and probes with strangers. */
beforeAll(async () => {
  cwd = await emptyFolder();
  for (const [name, person] of Object.entries({ Ada: ada, Bo: bo, Cy: cy })) {
    await portraits(`lfw/${name}`, person, [`${name}_0001`, `${name}_0002`]);
  }
  const wall = { width: 200, height: 200, channels: 3, background: "#9ab" } as const;
  await save("lfw/Cy/Cy_0003.jpg", await sharp({ create: wall }).jpeg().toBuffer());
  const folds = ["Ada\t1\t2", "Ada\t1\tBo\t1", "Bo\t1\t2", "Bo\t2\tCy\t2"];
  await save("lfw/pairs.txt", `2\t1\n${folds.join("\n")}\n`);
  const csv = [
    "Ada/Ada_0001.jpg,Ada/Ada_0002.jpg,1",
    "Ada/Ada_0001.jpg,Cy/Cy_0001.jpg,0",
    "Cy/Cy_0001.jpg,Cy/Cy_0003.jpg,1",
  ];
  await save("lists/pairs.csv", `file_a,file_b,same\n${csv.join("\n")}\n`);
  await save("lists/lost.csv", "file_a,file_b,same\nAda/Ada_0001.jpg,lost.jpg,1\n");

  await portraits("gallery/ada", ada, ["1", "2"]);
  await portraits("gallery/bo", bo, ["1", "2"]);
  await portraits("probes/ada", ada, ["3"]);
  await portraits("probes/bo", bo, ["3"]);
  await portraits("probes/eve", eve, ["1"]);
  await portraits("probes/fay", fay, ["1"]);

  const group = await drawGroupPhoto(
    [ada, bo].map(({ person }) => ({ person, conditions: conditionsFromSeed(seed++) })),
  );
  await save("groups/two.jpg", group.image);
  const noses = group.people.map(({ box: [x, y, width, height] }) => [x + width / 2, y + height / 2]);
  await save("groups/faces.json", JSON.stringify({ images: { "two.jpg": [...noses, [1, 1]] } }));
});

const number = expect.any(Number);

describe("evaluate pairs", () => {
  test("tells accuracy over LFW's folds", async () => {
    const ran = await facekit(cwd, "evaluate", "pairs", "lfw/pairs.txt", "--json");
    expect(ran).toMatchObject({ status: 0, stderr: "" });
    expect(ran.json()).toMatchObject({
      pairs: 4,
      accuracy: 1,
      accuracyBy: "folds",
      threshold: number,
      failuresToEnrol: 0,
      eer: 0,
      tar: {},
      unsupported: [{ falseMatchRate: 1e-2, impostorPairs: 2, impostorPairsNeeded: 300 }, {}, {}],
      photos: 5,
      msPerPhoto: number,
      folds: [{ accuracy: 1 }, { accuracy: 1 }],
    });
  });

  test("tells accuracy of CSV at the threshold in use and at the best, apart", async () => {
    const argv = ["evaluate", "pairs", "lists/pairs.csv", "--photos", "lfw", "--threshold", String(threshold)];
    const ran = await facekit(cwd, ...argv, "--json");
    expect(ran.status).toBe(0);
    expect(ran.json()).toMatchObject({
      pairs: 3,
      accuracy: 2 / 3,
      accuracyBy: "threshold",
      threshold,
      failuresToEnrol: 1,
      failures: [{ photo: "Cy/Cy_0003.jpg", code: "no-face" }],
      notCompared: 1,
      atThreshold: { threshold, source: { value: threshold, source: "caller" } },
      atBest: { accuracy: 2 / 3, threshold: number },
    });
    const { stdout } = await facekit(cwd, ...argv);
    expect(stdout).toMatch(/accuracy at threshold 0\.\d{4} +66\.67 % \[/);
    expect(stdout).toContain("wants 3,000 impostor pairs; there are 1");
  });

  test("takes the rates from all pairs of the folder, whose people are too few for a calibration", async () => {
    const argv = ["evaluate", "pairs", "lfw/pairs.txt", "--all-impostors"];
    const ran = await facekit(cwd, ...argv, "--json");
    expect(ran.status).toBe(0);
    const json = ran.json();
    // Three pairs of one person, and each of 6 photos with the 4 of others.
    expect(json).toMatchObject({ pairs: 4, genuinePairs: 3, impostorPairs: 12, photos: 7, failuresToEnrol: 1 });
    expect(json).not.toHaveProperty("calibration");
    expect((await facekit(cwd, ...argv)).stdout).toContain("wants 2,500 impostor pairs");
  });

  test.each([
    ["no.txt", "invalid-argument"],
    ["groups/faces.json", "invalid-argument"],
    ["lists/lost.csv", "image-not-found"],
  ])("%s is bad use", async (file, code) => {
    const ran = await facekit(cwd, "evaluate", "pairs", file, "--photos", "lfw", "--json");
    expect(ran.status).toBe(2);
    expect(ran.json()).toMatchObject({ error: { code } });
  });
});

describe("evaluate identify", () => {
  const argv = ["evaluate", "identify", "--gallery", "gallery", "--probes", "probes"];

  test("names the members and no stranger at the threshold of drawn people", async () => {
    const ran = await facekit(cwd, ...argv, "--threshold", String(threshold), "--json");
    expect(ran.status).toBe(0);
    expect(ran.json()).toMatchObject({
      members: 2,
      templates: 4,
      comparisons: 6,
      matedSearches: 2,
      nonMatedSearches: 2,
      failuresToEnrol: 0,
      rankOne: { rate: 1 },
      atThreshold: {
        falsePositives: 0,
        falseNegatives: 0,
        falsePositiveRateInterval: { low: 0, high: 1 - Math.sqrt(0.05) },
      },
      threshold: { source: "caller" },
      expectedFalsePositiveRate: null,
      rates: [],
    });
  });

  test("chooses the threshold for a rate and the gallery's size, or refuses it", async () => {
    const ran = await facekit(cwd, ...argv, "--false-positive-rate", "0.006", "--json");
    expect(ran.json()).toMatchObject({
      threshold: { falseMatchRate: 1e-3, source: "calibration" },
      expectedFalsePositiveRate: expect.closeTo(1 - 0.999 ** 6, 9),
    });
    const refused = await facekit(cwd, ...argv, "--false-positive-rate", "1e-6", "--json");
    expect(refused.status).toBe(2);
    expect(refused.json()).toMatchObject({ error: { message: expect.stringContaining("6 comparisons") } });
  });

  test("a photo that is gallery and probe is refused", async () => {
    const ran = await facekit(cwd, "evaluate", "identify", "--gallery", "gallery", "--probes", "gallery", "--json");
    expect(ran.status).toBe(2);
    expect(ran.json()).toMatchObject({ error: { message: expect.stringContaining("is in the gallery and a probe") } });
  });
});

describe("--report", () => {
  const pairs = ["evaluate", "pairs", "lfw/pairs.txt", "--threshold", String(threshold)];

  test("writes one page with plots and the worst pairs by name, and no photo unless asked for", async () => {
    expect((await facekit(cwd, ...pairs, "--report", "out/pairs.html", "--json")).status).toBe(0);
    const page = await readFile(join(cwd, "out/pairs.html"), "utf8");
    expect(page.match(/<svg[^>]+viewBox/g)).toHaveLength(2);
    expect(page).toContain("Bo/Bo_0002.jpg");
    expect(page).not.toMatch(/<script|<img|<link|src="http/);
  });

  test("embeds small copies of the photos when asked for", async () => {
    expect((await facekit(cwd, ...pairs, "--report", "pairs.html", "--embed-photos", "--json")).status).toBe(0);
    const page = await readFile(join(cwd, "pairs.html"), "utf8");
    // Four pairs of two.
    expect(page.match(/<img [^>]*src="data:image\/jpeg;base64,/g)).toHaveLength(8);
  });

  test("shows strangers and members of an identification", async () => {
    const argv = ["evaluate", "identify", "--gallery", "gallery", "--probes", "probes", "--report", "identify.html"];
    expect((await facekit(cwd, ...argv)).status).toBe(0);
    const page = await readFile(join(cwd, "identify.html"), "utf8");
    expect(page).toMatch(/eve: nearest is (ada|bo) with/);
    expect(page).toContain("ada: nearest is ada with");
  });
});

test("evaluate detect shows in its report where a face was missed", async () => {
  const argv = ["evaluate", "detect", "--annotations", "groups/faces.json", "--report", "detect.html"];
  expect((await facekit(cwd, ...argv)).status).toBe(0);
  const page = await readFile(join(cwd, "detect.html"), "utf8");
  expect(page).toMatch(/<svg[^>]+viewBox/);
  expect(page).toContain("nose at 1, 1");
  expect(page).toContain("Every box holds a face.");
  expect(page).not.toMatch(/<script|<img|<link|src="http/);
  expect((await facekit(cwd, ...argv, "--embed-photos")).status).toBe(0);
  const embedded = await readFile(join(cwd, "detect.html"), "utf8");
  expect(embedded.match(/<img [^>]*src="data:image\/jpeg;base64,/g)).toHaveLength(1);
});

test("evaluate detect tells what was found, missed and too many", async () => {
  const ran = await facekit(cwd, "evaluate", "detect", "--annotations", "groups/faces.json", "--json");
  expect(ran.status).toBe(0);
  expect(ran.json()).toMatchObject({ photos: 1, annotated: 3, found: 2, missed: 1, tooMany: 0, msPerPhoto: number });
});
