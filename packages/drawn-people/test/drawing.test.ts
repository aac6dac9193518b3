import {
  cast,
  conditionsFromSeed,
  drawGroupPhoto,
  drawnDomainThresholds,
  drawPortrait,
  personFromSeed,
  traitRanges,
} from "@facekit/drawn-people";
import sharp from "sharp";
import { describe, expect, test } from "vitest";

describe("portraits", () => {
  test("the same person under the same conditions is the same file", async () => {
    const draw = () => drawPortrait(personFromSeed(5), conditionsFromSeed(9));
    expect(await draw()).toEqual(await draw());
  });

  test("another person, or other conditions, is another picture", async () => {
    const one = await drawPortrait(personFromSeed(5), conditionsFromSeed(9));
    expect(await drawPortrait(personFromSeed(6), conditionsFromSeed(9))).not.toEqual(one);
    expect(await drawPortrait(personFromSeed(5), conditionsFromSeed(10))).not.toEqual(one);
  });

  test("has the size and the format asked for", async () => {
    const png = await drawPortrait(personFromSeed(5), conditionsFromSeed(9), {
      width: 300,
      height: 360,
      format: "png",
    });
    expect(await sharp(png).metadata()).toMatchObject({ width: 300, height: 360, format: "png" });
  });

  test("traits stay in their ranges", () => {
    const traits = Object.entries(traitRanges);
    expect(traits.length).toBeGreaterThan(5);
    for (let seed = 0; seed < 200; seed++) {
      const person = new Map<string, unknown>(Object.entries(personFromSeed(seed)));
      for (const [trait, range] of traits) {
        const [low, high] = Object.values(range);
        const value = person.get(trait);
        expect(value, `${trait} of person ${seed}`).toBeGreaterThanOrEqual(low ?? Number.NaN);
        expect(value, `${trait} of person ${seed}`).toBeLessThanOrEqual(high ?? Number.NaN);
      }
    }
  });
});

describe("group photos", () => {
  test("tell where everyone's face is, inside the photo and apart from each other", async () => {
    const participants = [...cast.members, ...cast.strangers].map(({ person }, i) => ({
      person,
      conditions: conditionsFromSeed(400 + i),
    }));
    const { image, width, height, people } = await drawGroupPhoto(participants, { scene: conditionsFromSeed(3) });
    expect(await sharp(image).metadata()).toMatchObject({ width, height });
    expect(people.map(({ index }) => index)).toEqual(participants.map((_, index) => index));
    for (const { box } of people) {
      const [x, y, w, h] = box;
      expect(Math.min(x, y)).toBeGreaterThanOrEqual(0);
      expect(x + w).toBeLessThanOrEqual(width);
      expect(y + h).toBeLessThanOrEqual(height);
      expect(w).toBeGreaterThan(40);
    }
    const centres = people.map(({ box: [x, y, w, h] }) => [x + w / 2, y + h / 2] as const);
    centres.forEach(([x, y], i) => {
      for (const [otherX, otherY] of centres.slice(i + 1)) {
        expect(Math.hypot(x - otherX, y - otherY)).toBeGreaterThan(40);
      }
    });
  });
});

test("people in the back stand on the ground: their clothes reach the bottom of the photo", async () => {
  const participants = [...cast.members, ...cast.strangers].map(({ person }, i) => ({
    person,
    conditions: conditionsFromSeed(400 + i),
  }));
  const photo = await drawGroupPhoto(participants, { scene: conditionsFromSeed(3), format: "png" });
  const [x, y, width, height] = photo.people[0]?.box ?? [0, 0, 0, 0];
  const colourAt = async (top: number): Promise<number[]> => {
    const spot = { left: Math.round(x - width / 3), top: Math.round(top), width: 8, height: 8 };
    return (await sharp(photo.image).extract(spot).stats()).channels.map(({ mean }) => mean);
  };
  const chest = await colourAt(y + 2.2 * height);
  const ground = await colourAt(photo.height - 10);
  for (const [channel, value] of chest.entries()) expect(Math.abs(value - (ground[channel] ?? 0))).toBeLessThan(15);
});

describe("the cast", () => {
  test("is twelve members and four strangers of sixteen names, no two alike", () => {
    const everyone = [...cast.members, ...cast.strangers];
    expect([cast.members.length, cast.strangers.length]).toEqual([12, 4]);
    expect(new Set(everyone.map(({ name }) => name)).size).toBe(16);
    expect(new Set(everyone.map(({ person }) => JSON.stringify(person))).size).toBe(16);
  });

  test("has a threshold of its own for the bundled embedder, above that for photos, with the pairs behind it", () => {
    const drawn = drawnDomainThresholds["dlib-resnet-128/landmarks-68/2"];
    expect(drawn?.threshold).toBeGreaterThan(0.93);
    expect(drawn?.falseMatchRate).toBeLessThanOrEqual(1e-3);
    expect(drawn?.pairs).toBeGreaterThan(100_000);
  });
});
