import type { DecodedImage, Detector, Embedder } from "@facekit/core";
import { type ModelCard, resolvePack, withLeakyRelus } from "@facekit/models";
import { loadModel } from "@facekit/models/cache";
import { createFaceKit, decodeImage } from "@facekit/node";
import {
  alignedEmbedder,
  bundledDetector,
  detectorWithLandmarks68,
  inputTensor,
  type OnnxInput,
  type OnnxSession,
  yunetDetector,
} from "@facekit/onnx";
import { InferenceSession, Tensor } from "onnxruntime-node";
import type { PhotoSet } from "../photos.js";
import type { Weights } from "./contenders.js";
import { contenderOf } from "./facekit.js";

/** What the nets of one photo are given. */
export interface RecordedRun {
  readonly session: InferenceSession;
  readonly feeds: Readonly<Record<string, Tensor>>;
}

/** Milliseconds to decode a photo (twice, where the pipeline has to), and to run the nets on what the pipeline makes of it: what no pipeline can save. */
export interface BareCost {
  readonly decodeMs: number;
  readonly inferenceMs: number;
}

/**
 * Runs the photos once through the pack with sessions of our own, on this thread, and keeps every tensor that the nets
 * are given. The function that it returns decodes a photo and runs the nets on its tensors again.
 */
export async function bareCosts(
  packName: string,
  { modelsDirectory }: Weights,
  photos: readonly { readonly bytes: Buffer; readonly kind: PhotoSet["kind"] }[],
): Promise<(photo: Buffer) => Promise<BareCost>> {
  let runs: RecordedRun[] = [];
  const open = async (card: ModelCard): Promise<OnnxSession> => {
    const directories = modelsDirectory === undefined ? [] : [modelsDirectory];
    // As packages/node/src/{load-models,inference-worker}.ts open them.
    const session = await InferenceSession.create(withLeakyRelus(await loadModel(card, { directories })), {
      executionProviders: ["cpu"],
      intraOpNumThreads: 1,
      interOpNumThreads: 1,
      logSeverityLevel: 3,
    });
    return recording(session, (run) => runs.push(run));
  };
  const pack = resolvePack(packName);
  const found =
    pack.detector.family === "blazeface-ssd"
      ? bundledDetector({
          blazeface: await open(pack.detector),
          ssd: await open(pack.detector.parts.ssd),
          landmarks: await open(pack.detector.parts.landmarks),
        })
      : pack.detector.family === "yunet"
        ? yunetDetector(pack.detector, await open(pack.detector))
        : undefined;
  if (found === undefined) throw new Error(`"${packName}" is no pack that this knows how to open`);
  const finder = pack.landmarks === undefined ? found : detectorWithLandmarks68(found, await open(pack.landmarks));
  const cutter = alignedEmbedder(pack.embedder, await open(pack.embedder));
  let decodedWhole = false;
  const watched = (image: DecodedImage): DecodedImage => watchWhole(image, () => (decodedWhole = true));
  const detector: Detector = { ...finder, detect: (image, options) => finder.detect(watched(image), options) };
  const embedder: Embedder = {
    ...cutter,
    embed: (faces, options) =>
      cutter.embed(
        faces.map(({ image, face }) => ({ image: watched(image), face })),
        options,
      ),
  };
  await using contender = contenderOf(await createFaceKit({ detector, embedder }), 1);

  interface Recorded {
    readonly nets: readonly RecordedRun[];
    readonly enough: number | undefined;
    readonly whole: boolean;
  }
  const recorded = new Map<Buffer, Recorded>();
  for (const { bytes, kind } of photos) {
    runs = [];
    decodedWhole = false;
    await contender.whoIsOn(bytes, kind);
    // A large photo is decoded at the size that the pipeline asks for.
    const enough = embedder.readsWhole ? detector.enough?.(kind === "portrait" ? "portrait" : "group") : undefined;
    recorded.set(bytes, { nets: runs, enough, whole: decodedWhole });
  }
  return async (photo) => {
    const { nets, enough, whole } = recorded.get(photo) ?? {};
    if (nets === undefined) throw new Error("The tensors of this photo were not recorded.");
    const started = performance.now();
    const image = await decodeImage(photo, enough === undefined ? {} : { enough });
    if (whole) await image.whole?.decode();
    const decoded = performance.now();
    for (const { session, feeds } of nets) await session.run(feeds);
    return { decodeMs: decoded - started, inferenceMs: performance.now() - decoded };
  };
}

/** The same image, which tells when its photo is decoded at full size. */
function watchWhole(image: DecodedImage, tell: () => void): DecodedImage {
  const { whole } = image;
  if (whole === undefined) return image;
  const decode: typeof whole.decode = (options) => {
    tell();
    return whole.decode(options);
  };
  return { ...image, whole: { ...whole, decode } };
}

/** The session as the pipeline wants it; it stays open when the pipeline closes. */
function recording(session: InferenceSession, keep: (run: RecordedRun) => void): OnnxSession {
  return {
    inputNames: session.inputNames,
    outputNames: session.outputNames,
    async run(inputs) {
      const feeds = Object.fromEntries(Object.entries(inputs).map(([name, tensor]) => [name, copyOf(tensor)]));
      keep({ session, feeds });
      const outputs = await session.run(feeds);
      return Object.fromEntries(
        Object.entries(outputs).flatMap(([name, { data, dims }]) =>
          data instanceof Float32Array ? [[name, { type: "float32", data, dims }]] : [],
        ),
      );
    },
    async [Symbol.asyncDispose]() {},
  };
}

/** The tensor that the net gets, made before the clock runs. */
function copyOf(input: OnnxInput): Tensor {
  const { type, data, dims } = inputTensor(input);
  return type === "uint8" ? new Tensor(type, data.slice(), dims) : new Tensor(type, data.slice(), dims);
}
