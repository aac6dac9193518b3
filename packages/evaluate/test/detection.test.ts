import { expect, test } from "vitest";
import { evaluateDetection, matchNoses, parseAnnotations } from "../src/index.js";

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
