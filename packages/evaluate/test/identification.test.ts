import { describe, expect, test } from "vitest";
import { evaluateIdentification, searchAll } from "../src/index.js";

/** A unit vector at this angle from the first axis: the cosine of two is that of their difference. */
const at = (degrees: number): Float32Array => {
  const angle = (degrees * Math.PI) / 180;
  return Float32Array.of(Math.cos(angle), Math.sin(angle));
};
const cosine = (degrees: number): number => Math.cos((degrees * Math.PI) / 180);

const gallery = new Map([
  ["ada", [at(0), at(20)]],
  ["bo", [at(90)]],
  ["cy", []],
]);
const probes = [
  { photo: "ada-right", person: "ada", template: at(25) },
  { photo: "ada-far", person: "ada", template: at(-40) },
  { photo: "ada-as-bo", person: "ada", template: at(80) },
  { photo: "bo-no-face", person: "bo" },
  { photo: "cy-never-enrolled", person: "cy", template: at(180) },
  { photo: "stranger-near", person: "eve", template: at(100) },
  { photo: "stranger-far", person: "fay", template: at(200) },
  { photo: "stranger-no-face", person: "gus" },
];
const searches = searchAll(gallery, probes);

test("a member is as near as the nearest of their templates and the mean", () => {
  expect(searches[0]?.best).toEqual({ memberId: "ada", similarity: expect.closeTo(cosine(5), 6) });
  const [between] = searchAll(gallery, [{ photo: "ada-between", person: "ada", template: at(12) }]);
  expect(between?.best).toEqual({ memberId: "ada", similarity: expect.closeTo(cosine(2), 6) });
  expect(searches[2]).toMatchObject({ mated: true, best: { memberId: "bo" }, mateSimilarity: expect.closeTo(0.5, 6) });
  expect(searches.map(({ mated }) => mated)).toEqual([true, true, true, true, true, false, false, false]);
});

describe("evaluateIdentification", () => {
  test("counts rank and threshold against members, and any name against strangers", () => {
    expect(evaluateIdentification(gallery, searches, cosine(30))).toMatchObject({
      members: 3,
      templates: 3,
      comparisons: 4,
      matedSearches: 5,
      nonMatedSearches: 2,
      failuresToEnrol: 2,
      rankOne: { hits: 2, rate: 0.4 },
      atThreshold: { falsePositives: 1, falsePositiveRate: 0.5, falseNegatives: 4, falseNegativeRate: 0.8 },
      rates: [],
    });
    expect(evaluateIdentification(gallery, searches, cosine(45)).atThreshold).toMatchObject({ falseNegatives: 3 });
    expect(evaluateIdentification(gallery, searches, cosine(5)).atThreshold).toMatchObject({ falsePositives: 0 });
  });

  test("tells the rates that the number of strangers supports", () => {
    const strangers = Array.from({ length: 30 }, (_, i) => ({ photo: `${i}`, person: `s${i}`, template: at(120 + i) }));
    const { rates } = evaluateIdentification(gallery, searchAll(gallery, [...probes.slice(0, 1), ...strangers]));
    expect(rates.map(({ falsePositives }) => falsePositives)).toEqual([9, 3]);
    expect(rates.map(({ falseNegatives }) => falseNegatives)).toEqual([0, 0]);
  });

  test("refuses a closed set", () => {
    expect(() => evaluateIdentification(gallery, searches.slice(0, 5))).toThrow("5 and 0");
  });
});
