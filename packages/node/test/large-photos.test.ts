import { createFaceKit } from "@facekit/node";
import sharp, { type Sharp } from "sharp";
import { expect, test } from "vitest";
import { groupPhoto, portrait } from "./drawn.js";

/** Decoded at full size, whatever the index would be content with. */
async function pixels(photo: Buffer): Promise<{ data: Buffer; width: number; height: number; channels: 3 }> {
  const { data, info } = await sharp(photo).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  return { data, width: info.width, height: info.height, channels: 3 };
}

async function jpeg(photo: Sharp): Promise<Buffer> {
  return photo.flatten({ background: "white" }).jpeg({ quality: 92 }).toBuffer();
}

test("a large portrait, decoded smaller, gives the template and the places of its pixels at full size", async () => {
  await using kit = await createFaceKit({ threshold: 0.9 });
  const photo = await jpeg(sharp(await portrait(1000, 1)).resize({ width: 4000 }));
  const whole = await pixels(photo);
  const { similarity, faces } = await kit.compare(photo, whole);
  expect(similarity).toBeGreaterThan(0.99);
  const [shrunk, full] = faces;
  expect(shrunk.box.width).toBeGreaterThan(500);
  for (const side of ["x", "y", "width", "height"] as const) {
    expect(Math.abs(shrunk.box[side] - full.box[side])).toBeLessThan(0.03 * full.box.width);
  }
  const [probe] = await kit.index.probe(photo, { scene: "portrait" });
  expect(probe).toMatchObject({ imageWidth: whole.width, imageHeight: whole.height });
  expect((await kit.register("ada", photo, { minFaceSize: 500 })).templateIds).toHaveLength(1);
});

test("a small face in a large photo is cut from the photo at full size", async () => {
  await using kit = await createFaceKit({ threshold: 0.9 });
  const small = await sharp(await portrait(1000, 2))
    .resize({ width: 560 })
    .toBuffer();
  const canvas = sharp({ create: { width: 4000, height: 3000, channels: 3, background: "#8899aa" } });
  const photo = await jpeg(canvas.composite([{ input: small, left: 1500, top: 900 }]));
  // At the size that is enough for a portrait's detector, the face is some 50 pixels wide.
  const { similarity, faces } = await kit.compare(photo, await pixels(photo));
  expect(faces[0].box.width).toBeLessThan(400);
  // Cut from those 50 pixels it would be 0.995.
  expect(similarity).toBeGreaterThan(0.999);
});

test("in a large group photo, each face is where it is and has its own template", async () => {
  await using kit = await createFaceKit({ threshold: 0.9 });
  const photo = await jpeg(sharp(await groupPhoto([1000, 1001, 1002], 5)).resize({ width: 6000 }));
  const shrunk = await kit.index.probe(photo);
  const full = await kit.index.probe(await pixels(photo));
  expect(shrunk).toHaveLength(3);
  expect(full).toHaveLength(3);
  for (const probe of shrunk) {
    const near = full.find(({ face }) => Math.abs(face.box.x - probe.face.box.x) < 0.1 * face.box.width);
    if (near === undefined) throw new Error("no face at full size is there");
    expect(await kit.index.compare(probe, near)).toBeGreaterThan(0.98);
  }
});
