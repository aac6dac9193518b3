import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deflateSync } from "node:zlib";
import { createFaceKit, type DecodedImage, decodeImage, isFaceKitError } from "@facekit/node";
import sharp from "sharp";
import { beforeAll, describe, expect, test } from "vitest";

const red = { r: 220, g: 30, b: 30 };
const blue = { r: 30, g: 30, b: 220 };

/** Left half red, right half blue, 60 × 40. */
async function halves(): Promise<Buffer> {
  const right = await sharp({ create: { width: 30, height: 40, channels: 3, background: blue } })
    .png()
    .toBuffer();
  return sharp({ create: { width: 60, height: 40, channels: 3, background: red } })
    .composite([{ input: right, left: 30, top: 0 }])
    .png()
    .toBuffer();
}

function pixel({ data, width, channels }: DecodedImage, x: number, y: number): number[] {
  const at = (y * width + x) * channels;
  return [...data.subarray(at, at + 3)];
}

function expectNear(actual: number[], wanted: { r: number; g: number; b: number }, tolerance: number): void {
  [wanted.r, wanted.g, wanted.b].forEach((value, i) => {
    expect(Math.abs((actual[i] ?? -1) - value)).toBeLessThanOrEqual(tolerance);
  });
}

async function refusal(promise: Promise<unknown>): Promise<{ code: string; message: string }> {
  try {
    await promise;
  } catch (error) {
    if (isFaceKitError(error)) return { code: error.code, message: error.message };
    throw error;
  }
  return { code: "fulfilled", message: "" };
}

describe("what a photo may be", () => {
  test.each([1, 2, 3, 4, 5, 6, 7, 8])("EXIF orientation %i is applied", async (orientation) => {
    const turned = await sharp(await halves())
      .withMetadata({ orientation })
      .jpeg({ quality: 100 })
      .toBuffer();
    const image = await decodeImage(turned);
    const upright = orientation < 5;
    expect([image.width, image.height]).toEqual(upright ? [60, 40] : [40, 60]);
    const corner = pixel(image, 3, 3);
    expectNear(corner, [1, 4, 5, 6].includes(orientation) ? red : blue, 12);
  });

  test("grey becomes three channels", async () => {
    const grey = await sharp({ create: { width: 8, height: 8, channels: 3, background: "#808080" } })
      .toColourspace("b-w")
      .png()
      .toBuffer();
    const image = await decodeImage(grey);
    expect(image.channels).toBe(3);
    expectNear(pixel(image, 4, 4), { r: 128, g: 128, b: 128 }, 1);
  });

  test("what is transparent is white", async () => {
    const clear = await sharp({ create: { width: 8, height: 8, channels: 4, background: { ...red, alpha: 0 } } })
      .png()
      .toBuffer();
    expect(pixel(await decodeImage(clear), 4, 4)).toEqual([255, 255, 255]);
  });

  test("16 bit becomes 8", async () => {
    const deep = await sharp(await halves())
      .toColourspace("rgb16")
      .png()
      .toBuffer();
    expect((await sharp(deep).metadata()).depth).toBe("ushort");
    expectNear(pixel(await decodeImage(deep), 5, 5), red, 1);
  });

  test("CMYK becomes sRGB", async () => {
    const cmyk = await sharp(await halves())
      .toColourspace("cmyk")
      .jpeg({ quality: 100 })
      .toBuffer();
    expect((await sharp(cmyk).metadata()).space).toBe("cmyk");
    expectNear(pixel(await decodeImage(cmyk), 5, 5), red, 40);
  });

  test("an embedded profile is converted", async () => {
    const wide = await sharp(await halves())
      .withIccProfile("p3")
      .png()
      .toBuffer();
    expectNear(pixel(await decodeImage(wide), 5, 5), red, 2);
  });

  test.each(["jpeg", "png", "webp", "avif", "gif", "tiff"] as const)("%s is read", async (format) => {
    const image = await decodeImage(
      await sharp(await halves())
        .toFormat(format)
        .toBuffer(),
    );
    expect([image.width, image.height, image.channels]).toEqual([60, 40, 3]);
  });

  test("paths, file URLs, bytes, blobs and array buffers are the same photo", async () => {
    const folder = await mkdtemp(join(tmpdir(), "facekit-"));
    const path = join(folder, "a b.png");
    const bytes = await halves();
    await writeFile(path, bytes);
    const copy = new Uint8Array(bytes);
    const inputs = [
      path,
      new URL(`file://${encodeURI(path)}`),
      `file://${encodeURI(path)}`,
      new Blob([copy]),
      copy.buffer,
    ];
    const expected = await decodeImage(bytes);
    for (const input of inputs) expect((await decodeImage(input)).data).toEqual(expected.data);
  });

  test("decoded pixels pass through without a copy", async () => {
    const image = await decodeImage(await halves());
    expect(await decodeImage(image)).toBe(image);
  });
});

describe("a JPEG that may come smaller than it is", () => {
  const large = async (orientation: number): Promise<Buffer> =>
    sharp(await halves())
      .resize(2400, 1600, { kernel: "nearest" })
      .withMetadata({ orientation })
      .jpeg({ quality: 95 })
      .toBuffer();

  test.each([1, 2, 3, 4, 5, 6, 7, 8])("comes upright from EXIF orientation %i, with its whole", async (orientation) => {
    const photo = await large(orientation);
    const image = await decodeImage(photo, { enough: 300 });
    const whole = await decodeImage(photo);
    const { width, height } = whole;
    expect(whole.whole).toBeUndefined();
    expect(image.whole).toMatchObject({ width, height });
    expect([image.width / image.height, width / height].map((ratio) => ratio > 1)).toEqual(
      orientation < 5 ? [true, true] : [false, false],
    );
    const longer = Math.max(image.width, image.height);
    expect(longer).toBeGreaterThanOrEqual(300);
    expect(longer).toBeLessThan(900);
    expectNear(pixel(image, 10, 10), [1, 4, 5, 6].includes(orientation) ? red : blue, 12);
    const decoded = await image.whole?.decode();
    // Not by toEqual, which takes minutes for so many bytes.
    expect(Buffer.from(decoded?.data ?? []).equals(Buffer.from(whole.data))).toBe(true);
    expect((await image.whole?.decode()) === decoded).toBe(true);
  });

  test("does not where that saves nothing, nor in another format", async () => {
    expect((await decodeImage(await large(1), { enough: 900 })).width).toBe(2400);
    const png = await sharp(await large(1))
      .png()
      .toBuffer();
    expect((await decodeImage(png, { enough: 300 })).width).toBe(2400);
  });

  test("a header that contradicts another enlarges nothing", async () => {
    const small = await sharp({ create: { width: 16, height: 16, channels: 3, background: red } })
      .jpeg()
      .toBuffer();
    const claim = Uint8Array.of(0xff, 0xc0, 0, 11, 8, 7, 208, 11, 184, 1, 1, 0x11, 0);
    // Decoders pass over TEM (FF01), which has no length; who reads one here comes to the claim behind the photo.
    const length = small.length;
    const crafted = Buffer.concat([
      Uint8Array.of(0xff, 0xd8, 0xff, 0x01, length >> 8, length & 255),
      small.subarray(2),
      claim,
    ]);
    const decoded = await decodeImage(crafted, { enough: 300 }).catch(() => undefined);
    expect(decoded?.width ?? 16).toBe(16);
  });

  test.each([0, -5, Number.NaN])("enough: %s is refused", async (enough) => {
    expect((await refusal(decodeImage(await halves(), { enough }))).code).toBe("invalid-argument");
  });

  test("is refused by the same limits, and when it is cut short", async () => {
    const photo = await large(1);
    const limited = refusal(decodeImage(photo, { enough: 300, maxPixels: 1e6 }));
    expect(await limited).toMatchObject({ code: "image-too-large", message: expect.stringContaining("2400 × 1600") });
    const cut = decodeImage(photo.subarray(0, photo.length * 0.6), { enough: 300 });
    expect((await refusal(cut)).code).toBe("image-unreadable");
  });
});

describe("what is refused", () => {
  let photo: Buffer;
  beforeAll(async () => {
    photo = await sharp(await halves())
      .resize(600, 400)
      .jpeg()
      .toBuffer();
  });

  test("an empty file", async () => {
    expect(await refusal(decodeImage(new Uint8Array()))).toMatchObject({ code: "image-unreadable" });
  });

  test.each([0.3, 0.6, 0.95])("a photo cut to %f of its bytes", async (share) => {
    const cut = photo.subarray(0, photo.length * share);
    expect((await refusal(decodeImage(cut))).code).toBe("image-unreadable");
  });

  test("a text file named .jpg", async () => {
    const folder = await mkdtemp(join(tmpdir(), "facekit-"));
    await writeFile(join(folder, "face.jpg"), "this is no photo");
    const { code, message } = await refusal(decodeImage(join(folder, "face.jpg")));
    expect(code).toBe("image-unreadable");
    expect(message).toContain("is no JPEG, PNG");
  });

  test("formats that no camera writes, whatever loader would read them", async () => {
    const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>');
    expect((await refusal(decodeImage(svg))).code).toBe("image-unreadable");
    expect((await refusal(decodeImage(Buffer.from("%PDF-1.7\n")))).code).toBe("image-unreadable");
  });

  test("a bomb of 30,000 × 30,000 pixels, before it is decoded", async () => {
    const bomb = pngOfZeros(30_000, 30_000);
    expect(bomb.length).toBeLessThan(1e6);
    const before = process.memoryUsage().rss;
    const { code, message } = await refusal(decodeImage(bomb));
    expect(code).toBe("image-too-large");
    expect(message).toContain("30000 × 30000");
    expect(process.memoryUsage().rss - before).toBeLessThan(200e6);
  });

  test("an animation, with the number of frames; the first frame where the limit allows it", async () => {
    const frames = [
      await halves(),
      await sharp(await halves())
        .negate()
        .png()
        .toBuffer(),
    ];
    const animation = await sharp(frames, { join: { animated: true } })
      .webp({ loop: 0, delay: 100 })
      .toBuffer();
    const { code, message } = await refusal(decodeImage(animation));
    expect(code).toBe("image-unreadable");
    expect(message).toContain("2 frames");
    expect((await decodeImage(animation, { maxFrames: 10 })).height).toBe(40);
  });

  test("a file of more bytes than allowed, unread", async () => {
    expect((await refusal(decodeImage(photo, { maxBytes: 100 }))).code).toBe("image-too-large");
  });

  test("a file that is not there, a folder, a web address, and what is no photo at all", async () => {
    expect((await refusal(decodeImage("no/such/photo.jpg"))).code).toBe("image-not-found");
    expect((await refusal(decodeImage(tmpdir()))).code).toBe("image-not-found");
    expect((await refusal(decodeImage("https://example.org/a.jpg"))).message).toContain("Download it first");
    // @ts-expect-error: what a caller without types may pass
    expect((await refusal(decodeImage(42))).code).toBe("invalid-argument");
  });

  test("null, a file URL of another host, and a data: URL, which no message repeats", async () => {
    // @ts-expect-error: what a caller without types may pass
    expect((await refusal(decodeImage(null))).code).toBe("invalid-argument");
    expect((await refusal(decodeImage("file://elsewhere/a.jpg"))).code).toMatch(/^(image-not-found|invalid-argument)$/);
    const { code, message } = await refusal(decodeImage(`data:image/jpeg;base64,${photo.toString("base64")}`));
    expect(code).toBe("invalid-argument");
    expect(message.length).toBeLessThan(200);
  });

  test("HEIC, which has AVIF's container, by its name and not as a damaged AVIF", async () => {
    const heic = Buffer.concat([Buffer.from("\0\0\0\x18ftypheic\0\0\0\0mif1heic", "latin1"), Buffer.alloc(200)]);
    expect((await refusal(decodeImage(heic))).message).toContain("is no JPEG");
  });

  test("no limit on pixels is a limit too; a misspelt one is refused", async () => {
    expect((await decodeImage(photo, { maxPixels: Number.POSITIVE_INFINITY })).width).toBe(600);
    const misspelt: object = { maxPixel: 5 };
    expect((await refusal(decodeImage(photo, misspelt))).code).toBe("invalid-argument");
    expect((await refusal(createFaceKit({ image: misspelt }))).message).toContain("maxPixel");
  });

  test("an abort rejects with the signal's reason", async () => {
    const reason = new Error("enough");
    await expect(decodeImage(photo, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });

  test("none of it reaches the store, and the kit works on", async () => {
    await using kit = await createFaceKit();
    const onePixel = await sharp({ create: { width: 1, height: 1, channels: 3, background: red } })
      .png()
      .toBuffer();
    expect((await refusal(kit.register("ada", onePixel))).code).toBe("no-face");
    expect((await refusal(kit.register("ada", photo.subarray(0, 500)))).code).toBe("image-unreadable");
    const nothing: DecodedImage = { data: new Uint8Array(5), width: 2, height: 2, channels: 3 };
    expect((await refusal(kit.register("ada", nothing))).code).toBe("image-unreadable");
    for await (const { memberId } of kit.enrolled()) expect.unreachable(memberId);
  });
});

/** A grey PNG of one bit a pixel, all black: a small file of very many pixels. */
function pngOfZeros(width: number, height: number): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header[8] = 1;
  const rows = deflateSync(Buffer.alloc((Math.ceil(width / 8) + 1) * height), { level: 9 });
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([signature, chunk("IHDR", header), chunk("IDAT", rows), chunk("IEND", Buffer.alloc(0))]);
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const out = Buffer.alloc(body.length + 8);
  out.writeUInt32BE(data.length, 0);
  body.copy(out, 4);
  out.writeUInt32BE(crc32(body), body.length + 4);
  return out;
}

function crc32(data: Buffer): number {
  let crc = 0xffffffff;
  for (const byte of data) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return (crc ^ 0xffffffff) >>> 0;
}
