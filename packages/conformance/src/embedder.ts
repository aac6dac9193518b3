import type { Embedder, FaceInImage } from "@facekit/core";
import { ensure, equal, near, rejects, rejectsWith } from "./expect.js";
import { withAlpha } from "./samples.js";
import { abortedSignal, type ConformanceOptions, lend } from "./suite.js";

export interface EmbedderConformanceOptions extends ConformanceOptions<Embedder> {
  /** Two or more different faces, with the points that the embedder requires. */
  readonly faces: readonly FaceInImage[];
}

/** How far numbers of one face may lie apart: batching changes the order of float32 sums. */
const tolerance = 1e-4;

/** What every `Embedder` must do. */
export function embedderConformance({ test, create, faces }: EmbedderConformanceOptions): void {
  const it = (name: string, run: (embedder: Embedder) => Promise<void>): void =>
    test(`Embedder: ${name}`, () => lend(create, run));

  it("gives one vector of unit length and the space's dimensions for each face", async (embedder) => {
    ensure(faces.length >= 2, "Give this suite two or more faces.");
    equal(embedder.space.metric, "cosine", "metric");
    const vectors = await embedder.embed(faces);
    equal(vectors.length, faces.length, "number of vectors");
    for (const vector of vectors) {
      ensure(vector instanceof Float32Array, "A vector must be a Float32Array.");
      equal(vector.length, embedder.space.dimensions, "dimensions");
      near(Math.hypot(...vector), 1, 1e-3, "length");
    }
  });

  it("keeps the order: a batch gives what single calls give", async (embedder) => {
    const reversed = [...faces].reverse();
    const batch = await embedder.embed(reversed);
    for (const [i, face] of reversed.entries()) {
      const [single] = await embedder.embed([face]);
      close(batch[i], single, `face ${i} of the batch`);
    }
  });

  it("gives different faces different vectors", async (embedder) => {
    const [a, b] = await embedder.embed(faces);
    const apart = Math.max(...(a ?? []).map((value, i) => Math.abs(value - (b?.[i] ?? 0))));
    ensure(apart > 10 * tolerance, "Two different faces got the same vector.");
  });

  it("gives nothing for nothing", async (embedder) => {
    equal(await embedder.embed([]), [], "vectors");
  });

  it("gives the same again, at a time, and whatever the alpha channel says", async (embedder) => {
    const vectors = await embedder.embed(faces);
    const [again, clear] = await Promise.all([
      embedder.embed(faces),
      embedder.embed(faces.map(({ image, face }) => ({ image: withAlpha(image), face }))),
    ]);
    vectors.forEach((vector, i) => {
      close(again[i], vector, `face ${i}, the second time`);
      close(clear[i], vector, `face ${i}, with an alpha channel`);
    });
  });

  it("gives vectors that are the caller's own", async (embedder) => {
    const first = await embedder.embed(faces);
    const copies = first.map((vector) => vector.slice());
    const second = await embedder.embed([...faces].reverse());
    for (const vector of second) vector.fill(0);
    first.forEach((vector, i) => {
      equal(vector, copies[i], `vector ${i} after a later call`);
    });
  });

  it("refuses faces without the points that it requires", async (embedder) => {
    const bare = faces.map(({ image, face: { box, score } }) => ({ image, face: { box, score } }));
    await rejects(() => embedder.embed(bare), "invalid-argument", "embed");
  });

  it("states a calibration, if any, in which a lower error rate takes a higher threshold", async (embedder) => {
    const points = [...(embedder.calibration?.points ?? [])].sort((a, b) => b.falseMatchRate - a.falseMatchRate);
    points.forEach(({ falseMatchRate, threshold, interval: [low, high] = [0, 1] }, i) => {
      ensure(falseMatchRate >= 0 && falseMatchRate <= 1, `A rate must lie in 0..1; got ${falseMatchRate}.`);
      ensure(low >= 0 && low <= high && high <= 1, `An interval must be [low, high] in 0..1; got [${low}, ${high}].`);
      ensure(i === 0 || threshold >= (points[i - 1]?.threshold ?? 0), `Threshold ${threshold} is out of order.`);
    });
  });

  it("rejects with the signal's own reason", async (embedder) => {
    const { signal, reason } = abortedSignal();
    await rejectsWith(() => embedder.embed(faces, { signal }), reason, "embed");
  });

  it("may be disposed twice", async (embedder) => {
    await embedder[Symbol.asyncDispose]();
    await embedder[Symbol.asyncDispose]();
  });
}

function close(actual: Float32Array | undefined, expected: Float32Array | undefined, what: string): void {
  ensure(actual !== undefined && expected !== undefined, `${what}: a vector is missing.`);
  equal(actual.length, expected.length, `${what}: dimensions`);
  actual.forEach((value, i) => {
    near(value, expected[i] ?? Number.NaN, tolerance, `${what}: number ${i}`);
  });
}
