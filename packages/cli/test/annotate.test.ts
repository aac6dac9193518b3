import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { describe, expect, test } from "vitest";
import { annotate, annotatedFiles, makeFolder } from "../src/annotate.js";
import { emptyFolder } from "./facekit.js";

const face = { score: 1, box: { x: 20, y: 40, width: 60, height: 60 } };

async function grey(width: number, height: number, orientation = 1): Promise<string> {
  const path = join(await emptyFolder(), "grey.jpg");
  await sharp({ create: { width, height, channels: 3, background: "#808080" } })
    .jpeg()
    .withMetadata({ orientation })
    .toFile(path);
  return path;
}

async function pixel(file: string, x: number, y: number): Promise<number[]> {
  return [...(await sharp(file).extract({ left: x, top: y, width: 1, height: 1 }).removeAlpha().raw().toBuffer())];
}

describe("annotate", () => {
  test("boxes members green and strangers amber on the upright photo", async () => {
    const photo = await grey(300, 200, 6);
    const target = join(await emptyFolder(), "made", "out.png");
    const stranger = { score: 1, box: { x: 100, y: 200, width: 60, height: 60 } };
    await annotate(
      photo,
      [
        { face, memberId: "ada" },
        { face: stranger, memberId: null },
      ],
      target,
    );
    expect(await sharp(target).metadata()).toMatchObject({ format: "png", width: 200, height: 300 });
    const [red = 0, green = 0] = await pixel(target, 20, 80);
    expect(green).toBeGreaterThan(red + 50);
    const [amberRed = 0, , amberBlue = 0] = await pixel(target, 100, 230);
    expect(amberRed).toBeGreaterThan(amberBlue + 100);
  });

  test("draws any name, however long or strange, and a box that leaves the photo", async () => {
    const target = join(await emptyFolder(), "out.png");
    const box = { x: -30, y: -10, width: 400, height: 90 };
    for (const memberId of [`<b>&"'</text>`, "\u0001", "é".repeat(500), "木村"]) {
      await annotate(await grey(64, 48), [{ face: { ...face, box }, memberId }], target);
      expect(await sharp(target).metadata()).toMatchObject({ width: 64, height: 48 });
    }
  });
});

test("a folder that cannot be made is bad use, and a written folder holds whole pictures alone", async () => {
  const folder = await emptyFolder();
  await writeFile(join(folder, "file"), "");
  await expect(makeFolder(join(folder, "file"))).rejects.toMatchObject({ code: "invalid-argument" });
  await annotate(await grey(64, 48), [], join(folder, "out", "a.png"));
  expect(await readdir(join(folder, "out"))).toEqual(["a.png"]);
});

test("photos of one name get files of their own", () => {
  const files = annotatedFiles("out", [{ path: "a/class.jpg" }, { path: "b/class.jpg" }, { path: "c/other.jpg" }]);
  expect(files).toEqual(["class.png", "class-2.png", "other.png"].map((name) => join("out", name)));
});
