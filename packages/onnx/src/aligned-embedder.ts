import {
  alignmentOf,
  type CallOptions,
  type Embedder,
  type FaceInImage,
  FaceKitError,
  mapConcurrently,
  normalize,
  specVersion,
  warpInto,
} from "@facekit/core";
import type { EmbedderCard } from "@facekit/models";
import { finest } from "./finest.js";
import { runModel } from "./run-model.js";
import type { OnnxInput, OnnxSession, RunOptions } from "./session.js";

/** How many faces go through the net in one run at most: bounds memory on photos of crowds. */
const maxBatch = 32;
/** The chips of the next are cut while the net is at the last. */
const batchesAtOnce = 2;

/** Any net that turns an aligned chip into a vector, driven by its card alone. */
export function alignedEmbedder(card: EmbedderCard, session: OnnxSession): Embedder {
  const { alignment, space } = card;
  const { layout, channels, mean, std } = card.input;
  const planes = { channels, mean, std };
  const bytes = alignment.size * alignment.size * 3;
  const outputName = card.output ?? session.outputNames[0] ?? "";
  const perRun = card.input.fixedBatch ?? maxBatch;

  const run = async (chips: Uint8Array, count: number, options: RunOptions): Promise<Float32Array[]> => {
    const vectors = (await runModel(session, card.id, inputOf(chips, count), options))(outputName);
    if (vectors.length !== count * space.dimensions) {
      throw new FaceKitError(
        "model-corrupt",
        `Model "${card.id}" gave ${vectors.length} numbers for ${count} faces; ` +
          `its card says ${space.dimensions} a face. Is this the model that the card describes?`,
        { adapter: card.id },
      );
    }
    return Array.from({ length: count }, (_, i) => vectors.subarray(i * space.dimensions, (i + 1) * space.dimensions));
  };

  const inputOf = (chips: Uint8Array, count: number): OnnxInput => {
    const { size } = alignment;
    return layout === "NHWC-uint8-rgb"
      ? { type: "uint8", data: chips, dims: [count, size, size, 3] }
      : { type: "pixels", data: chips, dims: [count, size, size], planes };
  };

  const embedBatch = async (
    faces: readonly FaceInImage[],
    options: CallOptions,
    alongside: boolean,
  ): Promise<Float32Array[]> => {
    const { size } = alignment;
    const chips = new Uint8Array(faces.length * bytes);
    for (const [i, { image, face }] of faces.entries()) {
      const source = await finest(image, [alignmentOf(face, alignment)], options);
      for (const transform of source.transforms) warpInto(source.image, transform, size, size, chips, i * bytes);
    }
    if (!card.mirrored) return (await run(chips, faces.length, { alongside })).map(normalize);
    const flipped = mirror(chips, faces.length, alignment.size);
    const [straight, mirrored] = await Promise.all([
      run(chips, faces.length, { alongside }),
      run(flipped, faces.length, { alongside: true }),
    ]);
    return straight.map((vector, i) => {
      const other = normalize(mirrored[i] ?? vector);
      return normalize(normalize(vector).map((value, at) => value + (other[at] ?? 0)));
    });
  };

  return {
    specVersion,
    id: card.id,
    space,
    ...(card.calibration === undefined ? {} : { calibration: card.calibration }),
    readsWhole: true,
    requires: alignment.points === "landmarks" ? "landmarks" : "landmarks68",

    async embed(faces, options = {}) {
      const batches: FaceInImage[][] = [];
      for (let from = 0; from < faces.length; from += perRun) batches.push(faces.slice(from, from + perRun));
      const vectors = await mapConcurrently(batches, batchesAtOnce, async (batch, index) => {
        options.signal?.throwIfAborted();
        return embedBatch(batch, options, index > 0);
      });
      options.signal?.throwIfAborted();
      return vectors.flat();
    },

    async [Symbol.asyncDispose]() {
      await session[Symbol.asyncDispose]();
    },
  };
}

function mirror(chips: Uint8Array, count: number, size: number): Uint8Array {
  const out = new Uint8Array(chips.length);
  for (let row = 0; row < count * size; row++) {
    for (let x = 0; x < size; x++) {
      const from = (row * size + x) * 3;
      const to = (row * size + size - 1 - x) * 3;
      for (let channel = 0; channel < 3; channel++) out[to + channel] = chips[from + channel] ?? 0;
    }
  }
  return out;
}
