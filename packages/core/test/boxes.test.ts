import { expect, test } from "vitest";
import { faceSize, intersectionOverUnion, suppressOverlaps } from "../src/geometry/boxes.js";

const box = (x: number, y: number, width: number, height: number) => ({ x, y, width, height });

test("intersection over union", () => {
  expect(intersectionOverUnion(box(0, 0, 10, 10), box(0, 0, 10, 10))).toBe(1);
  expect(intersectionOverUnion(box(0, 0, 10, 10), box(5, 0, 10, 10))).toBeCloseTo(1 / 3);
  expect(intersectionOverUnion(box(0, 0, 10, 10), box(2, 2, 5, 5))).toBeCloseTo(0.25);
  expect(intersectionOverUnion(box(0, 0, 10, 10), box(10, 0, 10, 10))).toBe(0);
  expect(intersectionOverUnion(box(0, 0, 10, 10), box(50, 50, 1, 1))).toBe(0);
  expect(intersectionOverUnion(box(0, 0, 0, 0), box(0, 0, 0, 0))).toBe(0);
});

test("suppression keeps the best of what overlaps, best first", () => {
  const faces = [
    { name: "copy", box: box(1, 1, 10, 10), score: 0.8 },
    { name: "best", box: box(0, 0, 10, 10), score: 0.9 },
    { name: "apart", box: box(30, 0, 10, 10), score: 0.95 },
    { name: "beside", box: box(8, 0, 10, 10), score: 0.5 },
  ];
  expect(suppressOverlaps(faces, 0.3).map(({ name }) => name)).toEqual(["apart", "best", "beside"]);
  expect(suppressOverlaps(faces, 1).length).toBe(4);
  expect(suppressOverlaps([], 0.3)).toEqual([]);
  expect(faces[0]?.name).toBe("copy");
});

test("a face is as large as its shorter side", () => {
  expect(faceSize(box(0, 0, 30, 20))).toBe(20);
});
