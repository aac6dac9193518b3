import { checkAdapter, checkId, checkKeys } from "./checks.js";
import { limiter } from "./concurrency.js";
import { disposeAll } from "./dispose.js";
import { FaceKitError } from "./errors.js";
import { placeFace } from "./geometry/boxes.js";
import type { CallOptions } from "./spec/adapter.js";
import { specVersion } from "./spec/adapter.js";
import type { Detector } from "./spec/detector.js";
import type { Embedder } from "./spec/embedder.js";
import type { Face } from "./spec/face.js";
import type { FaceIndex, FaceProbe } from "./spec/face-index.js";
import { type DecodedImage, type ImageDecoder, isDecodedImage } from "./spec/image.js";
import type { StrayFaces } from "./spec/stray-faces.js";
import type { VectorStore } from "./spec/vector-store.js";
import { checkVector, dot } from "./vectors.js";

export interface LocalFaceIndexOptions {
  readonly detector: Detector;
  readonly embedder: Embedder;
  readonly store: VectorStore;
  /** Decodes encoded photos. Without it only decoded images are accepted. */
  readonly decode?: ImageDecoder;
}

/** What a probe is waiting with: the pixels until it is embedded, then the template alone. */
interface ProbeState {
  image: DecodedImage | undefined;
  /** The face where that image has it. */
  readonly face: Face;
  template: Promise<Float32Array> | undefined;
}

/**
 * A FaceIndex on this machine: detector, embedder and store. Owns all three: disposing it disposes them.
 * Throws `invalid-argument` when the detector does not measure the points by which the embedder aligns.
 */
export function localFaceIndex(options: LocalFaceIndexOptions): FaceIndex {
  checkKeys("localFaceIndex", options, ["detector", "embedder", "store", "decode"]);
  const { detector, embedder, store, decode } = options;
  checkAdapter("detector", detector);
  checkAdapter("embedder", embedder);
  checkAdapter("store", store);
  if (!detector.capabilities[embedder.requires]) {
    throw new FaceKitError(
      "invalid-argument",
      `Embedder "${embedder.id}" needs ${embedder.requires}, which detector "${detector.id}" does not measure.`,
    );
  }
  const states = new WeakMap<FaceProbe, ProbeState>();
  const { concurrency } = detector;
  // However many are asked for at a time, no more are decoded than keep the detector busy.
  const limited = limiter(concurrency === undefined ? Number.POSITIVE_INFINITY : Math.max(2, concurrency));

  const stateOf = (probe: FaceProbe): ProbeState => {
    const state = states.get(probe);
    if (state !== undefined) return state;
    throw new FaceKitError("invalid-argument", "This probe was made by another index; pass what probe() returned.");
  };

  /** Templates of probes in their order; those not embedded yet go through the net in one batch, once. */
  const templatesOf = (probes: readonly FaceProbe[], options: CallOptions): Promise<Float32Array[]> => {
    const fresh = probes.flatMap((probe) => {
      const { image, face, template } = stateOf(probe);
      return template === undefined && image !== undefined ? [{ probe, image, face }] : [];
    });
    if (fresh.length > 0) {
      const batch = embedder.embed(
        fresh.map(({ image, face }) => ({ image, face })),
        options,
      );
      fresh.forEach(({ probe }, i) => {
        const state = stateOf(probe);
        const template = batch.then((vectors) => {
          const vector = vectors[i];
          if (vector === undefined) {
            throw new FaceKitError("inference-failed", `Embedder "${embedder.id}" returned too few vectors.`);
          }
          checkVector(vector, embedder.space, embedder.id);
          state.image = undefined;
          return vector;
        });
        state.template = template;
        // A failed batch may be tried again: the pixels are still there.
        template.catch(() => {
          state.template = undefined;
        });
      });
    }
    return Promise.all(probes.map((probe) => stateOf(probe).template ?? missingTemplate()));
  };

  const ofStore = store.strays;
  const strays: StrayFaces | undefined = ofStore && {
    async *list(namespace, options) {
      await store.open(embedder.space, options);
      yield* ofStore.list(namespace, options);
    },
    async delete(namespace, ids, options) {
      await store.open(embedder.space, options);
      return ofStore.delete(namespace, ids, options);
    },
  };

  return {
    specVersion,
    id: `local(${detector.id}, ${embedder.id}, ${store.id})`,
    capabilities: { ...store.capabilities, scores: "cosine" },
    ...(strays === undefined ? {} : { strays }),
    ...(concurrency === undefined ? {} : { concurrency }),
    ...(embedder.calibration === undefined ? {} : { calibration: embedder.calibration }),

    probe: (input, options = {}) =>
      limited(async () => {
        const { scene = "group", signal } = options;
        const enough = embedder.readsWhole ? detector.enough?.(scene) : undefined;
        const size = { ...(signal && { signal }), ...(enough === undefined ? {} : { enough }) };
        const image = isDecodedImage(input) ? input : await decoderOf(decode)(input, size);
        const faces = await detector.detect(image, options);
        const { width, height } = image.whole ?? image;
        const scale = { x: width / image.width, y: height / image.height };
        return faces.map((face) => {
          const placed = image.whole === undefined ? face : placeFace(face, { x: 0, y: 0 }, scale);
          const probe: FaceProbe = { face: placed, imageWidth: width, imageHeight: height };
          states.set(probe, { image, face, template: undefined });
          return probe;
        });
      }, options.signal),

    async search(namespace, probes, options) {
      checkId("namespace", namespace);
      await store.open(embedder.space, options);
      return store.search(namespace, await templatesOf(probes, options), options);
    },

    async enrol(namespace, memberId, probes, options = {}) {
      checkId("namespace", namespace);
      checkId("memberId", memberId);
      const { sources } = options;
      if (sources !== undefined && sources.length !== probes.length) {
        throw new FaceKitError(
          "invalid-argument",
          `sources wants one entry for each probe; got ${sources.length} for ${probes.length}.`,
        );
      }
      await store.open(embedder.space, options);
      const vectors = await templatesOf(probes, options);
      const createdAt = new Date();
      const records = vectors.map((vector, i) => {
        const source = sources?.[i];
        return { id: crypto.randomUUID(), memberId, vector, createdAt, ...(source === undefined ? {} : { source }) };
      });
      const { revision } = await store.upsert(namespace, records, options);
      return { templateIds: records.map((record) => record.id), revision };
    },

    async compare(a, b, options = {}) {
      const [first, second] = await templatesOf([a, b], options);
      return dot(first ?? missingTemplate(), second ?? missingTemplate());
    },

    async deleteMember(namespace, memberId, options) {
      checkId("namespace", namespace);
      checkId("memberId", memberId);
      await store.open(embedder.space, options);
      return store.deleteMember(namespace, memberId, options);
    },

    async *members(namespace, options) {
      checkId("namespace", namespace);
      await store.open(embedder.space, options);
      yield* store.members(namespace, options);
    },

    async [Symbol.asyncDispose]() {
      await disposeAll([detector, embedder, store]);
    },
  };
}

function decoderOf(decode: ImageDecoder | undefined): ImageDecoder {
  if (decode !== undefined) return decode;
  throw new FaceKitError(
    "invalid-argument",
    "This index has no decoder: pass decoded pixels, or give localFaceIndex a decode function.",
  );
}

function missingTemplate(): never {
  throw new FaceKitError("inference-failed", "A face has no template; embedding it failed before.");
}
