import { readFileSync } from "node:fs";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { describe, expect, it } from "vitest";
import { convert } from "../convert/convert.js";
import { readInstalled, type SourceFile } from "../convert/sources.js";

/** Values the original net gave on TensorFlow.js; golden/README.md says how they were made. */
interface Golden {
  readonly model: string;
  readonly input: string;
  readonly shape: readonly [number, number, number, number];
  readonly outputs: Readonly<Record<string, readonly number[]>>;
}

const converted = new Map(convert().map(({ name, bytes }) => [name, bytes]));

function file(name: string): Uint8Array {
  const bytes = converted.get(name);
  if (!bytes) throw new Error(`${name} was not converted`);
  return bytes;
}

function golden(model: string): Golden {
  return JSON.parse(readFileSync(new URL(`golden/${model}.json`, import.meta.url), "utf8"));
}

function syntheticPixels([count, height, width]: Golden["shape"]): Uint8Array {
  let state = 1;
  return Uint8Array.from({ length: count * height * width * 3 }, (_, i) => {
    state = (Math.imul(1664525, state) + 1013904223) >>> 0;
    const pixel = Math.floor(i / 3);
    return (state >>> 25) + (((pixel % width) + (Math.floor(pixel / width) % height)) & 127);
  });
}

async function run(model: string, input: string, shape: Golden["shape"], pixels: Uint8Array) {
  const session = await InferenceSession.create(file(`${model}.onnx`), { intraOpNumThreads: 1 });
  const outputs = await session.run({ [input]: new Tensor("uint8", pixels, shape) });
  return new Map(Object.entries(outputs).map(([name, { data }]) => [name, Array.from(data, Number)]));
}

describe("a converted model", () => {
  for (const model of ["blazeface-back", "ssd-mobilenetv1-face", "landmarks-68", "face-recognition-dlib"]) {
    it(`gives what the original gave: ${model}`, async () => {
      const { input, shape, outputs } = golden(model);
      const got = await run(model, input, shape, syntheticPixels(shape));
      expect([...got.keys()].sort()).toEqual(Object.keys(outputs).sort());
      for (const [name, want] of Object.entries(outputs)) {
        const all = got.get(name) ?? [];
        const sampled = want.map((_, i) => all[Math.floor((i * all.length) / want.length)] ?? Number.NaN);
        const largest = Math.max(...want.map(Math.abs));
        const deviation = Math.max(...want.map((value, i) => Math.abs(value - (sampled[i] ?? Number.NaN)))) / largest;
        expect(deviation, name).toBeLessThan(1e-4);
      }
    });
  }

  it("gives the boxes of a square whose black rows are left out: ssd-mobilenetv1-face", async () => {
    const [width, rows] = [512, 352];
    const top = syntheticPixels([1, rows, width, 3]);
    const square = new Uint8Array(width * width * 3);
    square.set(top);
    const whole = await run("ssd-mobilenetv1-face", "image", [1, width, width, 3], square);
    const lower = await run("ssd-mobilenetv1-face", "image", [1, rows, width, 3], top);
    // Cells of 16 pixels with three boxes: those that see nothing of what was left out.
    const alike = 4 * 3 * (width / 16) * 3;
    const boxesOf = (run: typeof whole): number[] => (run.get("boxes") ?? []).slice(0, alike);
    expect(boxesOf(lower)).toHaveLength(alike);
    expect(Math.max(...boxesOf(lower).map((value, i) => Math.abs(value - (boxesOf(whole)[i] ?? 9))))).toBeLessThan(
      1e-5,
    );
    // By scale: 32 × 22 cells, then the half of it, rounded up.
    const cells = [32 * 22, 16 * 11, 8 * 6, 4 * 3, 2 * 2, 1];
    expect(lower.get("scores")).toHaveLength(
      3 * (cells[0] ?? 0) + 6 * cells.slice(1).reduce((sum, each) => sum + each),
    );
  });

  it("gives a face the same embedding alone as in a batch", async () => {
    const { input, shape } = golden("face-recognition-dlib");
    const [count, height, width, channels] = shape;
    const pixels = syntheticPixels(shape);
    const batch = await run("face-recognition-dlib", input, shape, pixels);
    const second = pixels.subarray(pixels.length / count);
    const alone = await run("face-recognition-dlib", input, [1, height, width, channels], second);
    const difference = (alone.get("embedding") ?? []).map(
      (value, i) => value - (batch.get("embedding")?.[128 + i] ?? 0),
    );
    expect(difference).toHaveLength(128);
    expect(Math.hypot(...difference)).toBeLessThan(1e-5);
  });
});

describe("the conversion", () => {
  it("gives the same bytes twice", () => {
    for (const { name, bytes } of convert()) expect(Buffer.compare(bytes, file(name)), name).toBe(0);
  });

  it("lists each file with its size and SHA-256", () => {
    const manifest = JSON.parse(new TextDecoder().decode(file("manifest.json")));
    expect(manifest.files).toHaveLength(converted.size - 1);
    expect(manifest.files).toContainEqual({
      name: "landmarks-68.onnx",
      bytes: file("landmarks-68.onnx").length,
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
  });

  it("refuses a source file of other bytes, and names it", () => {
    const tampered = (source: SourceFile) => {
      const bytes = Uint8Array.from(readInstalled(source));
      if (source.path === "model/face_landmark_68_model.bin") bytes.fill(0, 0, 1);
      return bytes;
    };
    expect(() => convert(tampered)).toThrow(
      /@vladmandic\/face-api\/model\/face_landmark_68_model\.bin: SHA-256 is [0-9a-f]{64}, expected 4611ef65/,
    );
  });
});
