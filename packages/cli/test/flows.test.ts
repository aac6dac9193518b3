import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type CastMember, cast, conditionsFromSeed, drawGroupPhoto, drawPortrait } from "@facekit/drawn-people";
import sharp from "sharp";
import { beforeAll, describe, expect, test } from "vitest";
import { drawnThreshold } from "../src/demo/drawn-people.js";
import { emptyFolder, facekit, type Ran } from "./facekit.js";

const [ada, bo, cy] = cast.members;
const [stranger] = cast.strangers;
if (!ada || !bo || !cy || !stranger) throw new Error("The cast is too small for these tests.");

const threshold = ["--threshold", String(drawnThreshold("bundled"))];
let cwd: string;
let registration: Ran;

async function save(name: string, image: Buffer | string): Promise<void> {
  await mkdir(dirname(join(cwd, name)), { recursive: true });
  await writeFile(join(cwd, name), image);
}

async function portrait(name: string, { person }: CastMember, seed: number): Promise<void> {
  await save(name, await drawPortrait(person, conditionsFromSeed(seed)));
}

beforeAll(async () => {
  cwd = await emptyFolder();
  for (const seed of [1, 2, 3]) {
    await portrait(`members/ada/${seed}.jpg`, ada, seed);
    await portrait(`members/bo/${seed}.jpg`, bo, 10 + seed);
  }
  await save("members/bo/.thumbnail.jpg", "not a photo");
  await save("members/bo/notes.txt", "not a photo");
  await portrait("members/cy/1.jpg", cy, 21);
  const wall = { width: 300, height: 300, channels: 3, background: "#9ab" } as const;
  await save("members/cy/2.jpg", await sharp({ create: wall }).jpeg().toBuffer());
  await save("members/dee/1.jpg", "torn");
  await mkdir(join(cwd, "members/eve"));

  await portrait("ada.jpg", ada, 31);
  await portrait("bo.jpg", bo, 32);
  await portrait("stranger.jpg", stranger, 33);
  const people = [ada, stranger, bo].map(({ person }, i) => ({ person, conditions: conditionsFromSeed(40 + i) }));
  await save("class.jpg", (await drawGroupPhoto(people)).image);
  registration = await facekit(cwd, "register", "members", "--json");
});

describe("register", () => {
  test("enrols whom it can, reports the others and exits with 3", () => {
    expect(registration.status).toBe(3);
    expect(registration.json()).toEqual({
      registered: [
        { memberId: "ada", templates: 3 },
        { memberId: "bo", templates: 3 },
      ],
      refused: [
        { memberId: "cy", photo: join(cwd, "members/cy/2.jpg"), code: "no-face", message: expect.any(String) },
        {
          memberId: "dee",
          photo: join(cwd, "members/dee/1.jpg"),
          code: "image-unreadable",
          message: expect.any(String),
        },
        { memberId: "eve", code: "invalid-argument", message: 'The folder of "eve" has no photo.' },
      ],
    });
    expect(registration.stderr).toBe("");
  });

  test("a refused member is not enrolled", async () => {
    const ran = await facekit(cwd, "members", "--json");
    expect(ran.status).toBe(0);
    const enrolledAt = expect.stringMatching(/^\d{4}-.*Z$/);
    expect(ran.json()).toEqual({
      members: [
        { memberId: "ada", templates: 3, enrolledAt },
        { memberId: "bo", templates: 3, enrolledAt },
      ],
    });
  });
});

describe("identify", () => {
  test("names a member and tells why a stranger is nobody", async () => {
    const ran = await facekit(cwd, "identify", "ada.jpg", "stranger.jpg", ...threshold, "--json");
    expect(ran.status).toBe(0);
    const used = { value: drawnThreshold("bundled"), source: "caller" };
    expect(ran.json()).toEqual({
      photos: [
        {
          photo: "ada.jpg",
          matched: true,
          memberId: "ada",
          similarity: expect.any(Number),
          threshold: used,
          gallerySize: 8,
          margin: expect.any(Number),
          refusals: [],
          candidates: [
            { memberId: "ada", similarity: expect.any(Number) },
            { memberId: "bo", similarity: expect.any(Number) },
          ],
        },
        expect.objectContaining({
          photo: "stranger.jpg",
          memberId: null,
          refusals: ["below-threshold"],
          reason: expect.any(String),
        }),
      ],
    });
  });

  test("exits with 1 when nobody was identified", async () => {
    expect(await facekit(cwd, "identify", "stranger.jpg", ...threshold)).toMatchObject({
      status: 1,
      stdout: expect.stringContaining("nobody"),
    });
  });

  test("tells people, once, what the bundled models are for", async () => {
    const ran = await facekit(cwd, "identify", "ada.jpg", "bo.jpg", ...threshold);
    expect(ran.status).toBe(0);
    expect(ran.stdout).toMatch(/ada\.jpg +ada +0\.\d{4} /);
    expect(ran.stdout.match(/your own, so its error rate is not known/g)).toHaveLength(1);
    expect(ran.stderr.match(/facekit models pull/g)).toHaveLength(1);
  });

  test("holds the rate of a search, tells what to expect, and refuses what was not measured", async () => {
    const argv = ["identify", "ada.jpg", "--false-positive-rate"];
    const photo = {
      threshold: {
        source: "calibration",
        falseMatchRate: 1e-4,
        falseMatchRateInterval: [expect.any(Number), expect.any(Number)],
      },
      gallerySize: 8,
      expectedFalsePositiveRate: expect.closeTo(8e-4, 6),
    };
    expect((await facekit(cwd, ...argv, "1e-3", "--json")).json()).toMatchObject({ photos: [photo] });
    expect((await facekit(cwd, ...argv, "1e-3")).stdout).toMatch(
      /threshold 0\.94\d+, measured at a false match rate of 0\.0001 \[.*\] on 2,687,149 pairs; a search of 8 comparisons is expected to name 0\.080 % of strangers/,
    );
    const refused = await facekit(cwd, ...argv, "1e-6", "--json");
    expect(refused.status).toBe(2);
    expect(refused.json()).toMatchObject({ error: { code: "rate-not-supported" } });
    const both = await facekit(cwd, ...argv, "1e-2", "--threshold", "0.9", "--json");
    expect(both.json()).toMatchObject({ error: { code: "invalid-argument" } });
  });

  test("without a store nobody is enrolled, and none is made", async () => {
    const ran = await facekit(cwd, "identify", "ada.jpg", "--store", "none.db", "--json");
    expect(ran.status).toBe(1);
    expect(ran.json()).toMatchObject({ photos: [{ memberId: null, similarity: null, margin: null, candidates: [] }] });
    expect(existsSync(join(cwd, "none.db"))).toBe(false);
  });
});

describe("verify", () => {
  test.each([
    ["ada", "ada.jpg", true],
    ["bo", "ada.jpg", false],
    ["members/ada/1.jpg", "ada.jpg", true],
    ["bo.jpg", "ada.jpg", false],
  ])("%s and %s: %s", async (a, b, matched) => {
    const ran = await facekit(cwd, "verify", a, b, ...threshold, "--json");
    expect(ran.status).toBe(matched ? 0 : 1);
    expect(ran.json()).toEqual({
      matched,
      similarity: expect.any(Number),
      threshold: expect.any(Object),
      ...(matched ? { refusals: [] } : { refusals: ["below-threshold"], reason: expect.any(String) }),
      ...(matched && a === "ada" ? { memberId: "ada" } : {}),
    });
  });

  test("the rate of a search is bad use", async () => {
    const ran = await facekit(cwd, "verify", "ada", "ada.jpg", "--false-positive-rate", "0.01", "--json");
    expect(ran.status).toBe(2);
    expect(ran.json()).toMatchObject({ error: { message: expect.stringContaining("--false-match-rate") } });
  });

  test("an unknown member is a failure", async () => {
    const ran = await facekit(cwd, "verify", "nobody", "ada.jpg", "--json");
    expect(ran.status).toBe(3);
    expect(ran.json()).toMatchObject({ error: { code: "unknown-member" } });
  });
});

describe("attend", () => {
  test("tells who is where, and writes the annotated photo", async () => {
    const argv = ["attend", "class.jpg", "--session", "monday", "--place", "hall", "--annotate", "seen"];
    const ran = await facekit(cwd, ...argv, ...threshold, "--json");
    expect(ran.status).toBe(0);
    const number = expect.any(Number);
    const face = (memberId: string | null) => ({ memberId, box: [number, number, number, number], similarity: number });
    expect(ran.json()).toMatchObject({
      photos: [{ photo: "class.jpg", faces: [face("ada"), face(null), face("bo")] }],
      present: ["ada", "bo"],
      strangers: 1,
    });
    const [photo, annotated] = [join(cwd, "class.jpg"), join(cwd, "seen", "class.png")];
    const { width, height } = await sharp(photo).metadata();
    expect(await sharp(annotated).metadata()).toMatchObject({ format: "png", width, height });
    const { data } = await sharp(annotated).removeAlpha().raw().toBuffer({ resolveWithObject: true });
    expect(data.equals(await sharp(photo).raw().toBuffer())).toBe(false);
  });

  test("exits with 1 when nobody is present", async () => {
    const ran = await facekit(cwd, "attend", "stranger.jpg", "--session", "monday", ...threshold, "--json");
    expect(ran.status).toBe(1);
    expect(ran.json()).toMatchObject({ present: [], photos: [{ faces: [{ memberId: null }] }] });
  });
});

test("forget erases a member, and says when there is none", async () => {
  await facekit(cwd, "register", "members", "--store", "other.db");
  const once = await facekit(cwd, "forget", "ada", "--store", "other.db", "--json");
  expect(once.status).toBe(0);
  expect(once.json()).toEqual({ memberId: "ada", templates: 3 });
  const twice = await facekit(cwd, "forget", "ada", "--store", "other.db", "--json");
  expect(twice.status).toBe(1);
  expect((await facekit(cwd, "members", "--store", "other.db", "--json")).json()).toMatchObject({
    members: [{ memberId: "bo" }],
  });
});
