import { expect, test } from "vitest";
import { drawPeople, falseNegativeRate } from "../fusion/bootstrap.js";
import { enrolledTemplates, fusionRules } from "../fusion/rules.js";

/** A unit vector at this angle from the first axis. */
const at = (degrees: number): Float32Array => {
  const angle = (degrees * Math.PI) / 180;
  return Float32Array.of(Math.cos(angle), Math.sin(angle));
};
const cosine = (degrees: number): number => Math.cos((degrees * Math.PI) / 180);

test("each rule fuses as it says", () => {
  const member = enrolledTemplates([at(0), at(60)]);
  const score = (rule: keyof typeof fusionRules, degrees: number): number => fusionRules[rule](member, at(degrees));
  expect(score("nearest", 40)).toBeCloseTo(cosine(20), 6);
  expect(score("mean", 40)).toBeCloseTo((cosine(40) + cosine(20)) / 2, 6);
  expect(score("nearestAndMean", 40)).toBeCloseTo((cosine(20) + (cosine(40) + cosine(20)) / 2) / 2, 6);
  expect(score("centroid", 40)).toBeCloseTo(cosine(10), 6);
  expect(score("nearestOrCentroid", 40)).toBeCloseTo(cosine(10), 6);
  expect(score("nearestOrCentroid", -10)).toBeCloseTo(cosine(10), 6);
});

test("FNIR is told at the threshold that names the share of strangers, each counted as often as drawn", () => {
  const searches = {
    members: [0.9, 0.75, 0.6, Number.NEGATIVE_INFINITY].map((score, person) => ({ person, score })),
    strangers: [0.8, 0.7, 0.5, 0.4].map((score, person) => ({ person, score })),
  };
  const once = { members: [1, 1, 1, 1], strangers: [1, 1, 1, 1] };
  expect(falseNegativeRate(searches, 0, once)).toBe(0.75);
  expect(falseNegativeRate(searches, 0.25, once)).toBe(0.5);
  expect(falseNegativeRate(searches, 0.5, once)).toBe(0.25);
  expect(falseNegativeRate(searches, 0.25, { members: [0, 3, 1, 0], strangers: [0, 1, 1, 2] })).toBe(0);
  expect(falseNegativeRate(searches, 0.25, { members: [0, 1, 2, 1], strangers: [2, 0, 1, 1] })).toBe(1);
});

test("as many people are drawn as there are", () => {
  let state = 0;
  const random = (): number => (state = (state + 0.37) % 1);
  const { members, strangers } = drawPeople(5, 8, random);
  expect(Array.from(members).reduce((a, b) => a + b)).toBe(5);
  expect(Array.from(strangers).reduce((a, b) => a + b)).toBe(8);
});
