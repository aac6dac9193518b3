import { expect, test } from "vitest";
import { detectionCurve, evaluateDetection, matchNoses, parseAnnotations } from "../src/index.js";

const box = (x: number, width = 10) => ({ x, y: 0, width, height: 10 });

test("one box finds one face, paired so that most are found", () => {
  // The wide box holds both noses; the narrow one only the first. Taken greedily, the second would be missed.
  const noses = [
    { x: 5, y: 5 },
    { x: 25, y: 5 },
  ];
  expect(matchNoses("a", noses, [box(0, 30), box(0)])).toMatchObject({ found: 2, missed: 0, tooMany: 0 });
  expect(matchNoses("a", noses, [box(0, 30)])).toMatchObject({ found: 1, missed: 1, tooMany: 0 });
  expect(matchNoses("a", [], [box(0)])).toMatchObject({ annotated: 0, found: 0, tooMany: 1 });
});

test("says which faces were missed and which boxes are too many", () => {
  const noses = [
    { x: 5, y: 5 },
    { x: 95, y: 5 },
  ];
  const { missedNoses, boxesTooMany } = matchNoses("a", noses, [box(40), box(0)]);
  expect(missedNoses).toEqual([{ x: 95, y: 5 }]);
  expect(boxesTooMany).toEqual([box(40)]);
});

test("precision and recall follow the score from which boxes are kept", () => {
  const curve = detectionCurve([
    {
      noses: [
        { x: 5, y: 5 },
        { x: 25, y: 5 },
      ],
      faces: [
        { box: box(0, 30), score: 0.9 },
        { box: box(0), score: 0.6 },
      ],
    },
    { noses: [{ x: 5, y: 5 }], faces: [{ box: box(50), score: 0.8 }] },
    { noses: [{ x: 5, y: 5 }], faces: [{ box: box(0), score: 0.8 }] },
  ]);
  expect(curve).toEqual([
    { minScore: 0.6, precision: 3 / 4, recall: 3 / 4 },
    { minScore: 0.8, precision: 2 / 3, recall: 2 / 4 },
    { minScore: 0.9, precision: 1, recall: 1 / 4 },
  ]);
  expect(detectionCurve([{ noses: [{ x: 5, y: 5 }], faces: [] }])).toEqual([]);
});

test("sums up over photos", () => {
  const photos = [matchNoses("a", [{ x: 5, y: 5 }], [box(0), box(50)]), matchNoses("b", [{ x: 5, y: 5 }], [])];
  expect(evaluateDetection(photos)).toMatchObject({
    photos: 2,
    annotated: 2,
    found: 1,
    missed: 1,
    tooMany: 1,
    recall: { rate: 0.5 },
  });
});

test("reads annotations, and says what is wrong with others", () => {
  expect(parseAnnotations('{"what":"nose","images":{"a.jpg":[[1,2]],"b.jpg":[]}}')).toEqual([
    { photo: "a.jpg", noses: [{ x: 1, y: 2 }] },
    { photo: "b.jpg", noses: [] },
  ]);
  for (const text of ["[", "[]", "{}", '{"images":{}}', '{"images":{"a.jpg":3}}', '{"images":{"a.jpg":[[1]]}}']) {
    expect(() => parseAnnotations(text)).toThrow("annotations");
  }
});
