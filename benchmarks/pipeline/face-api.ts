import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { Contender } from "./contenders.js";
import { euclidean, Gallery } from "./nearest.js";
import { pixelsOf } from "./pixels.js";

/** The threshold of face-api's own examples. */
const furthestMatch = 0.6;

interface Tensor {
  dispose(): void;
}
interface Described {
  readonly descriptor: Float32Array;
}
/** Tasks as chains: detect, then landmarks, then descriptors. */
interface DetectAll extends Promise<readonly Described[]> {
  withFaceLandmarks(): { withFaceDescriptors(): Promise<readonly Described[]> };
}
interface DetectSingle extends Promise<Described | undefined> {
  withFaceLandmarks(): { withFaceDescriptor(): Promise<Described | undefined> };
}
interface Net {
  loadFromDisk(folder: string): Promise<void>;
}
interface FaceApi {
  readonly tf: {
    setBackend(name: string): Promise<boolean>;
    ready(): Promise<void>;
    tensor3d(pixels: Uint8Array, shape: readonly number[], type: "int32"): Tensor;
  };
  readonly nets: { readonly ssdMobilenetv1: Net; readonly faceLandmark68Net: Net; readonly faceRecognitionNet: Net };
  readonly SsdMobilenetv1Options: new (options: { minConfidence: number }) => object;
  detectAllFaces(image: Tensor, options: object): DetectAll;
  detectSingleFace(image: Tensor, options: object): DetectSingle;
}
interface WasmBackend {
  setWasmPaths(folder: string): void;
  getThreadsCount(): number;
}

/** The nets that face-api recognises with, which are those of our bundled pack; decoding is sharp's, as ours is. */
export async function faceApi(): Promise<Contender> {
  const require = createRequire(import.meta.url);
  const api: FaceApi = require("@vladmandic/face-api/dist/face-api.node-wasm.js");
  const wasm: WasmBackend = require("@tensorflow/tfjs-backend-wasm");
  wasm.setWasmPaths(`${dirname(require.resolve("@tensorflow/tfjs-backend-wasm"))}/`);
  await api.tf.setBackend("wasm");
  await api.tf.ready();
  const models = join(dirname(require.resolve("@vladmandic/face-api/dist/face-api.node-wasm.js")), "..", "model");
  for (const net of [api.nets.ssdMobilenetv1, api.nets.faceLandmark68Net, api.nets.faceRecognitionNet]) {
    await net.loadFromDisk(models);
  }
  const options = new api.SsdMobilenetv1Options({ minConfidence: 0.5 });
  const gallery = new Gallery();

  const describe = async (photo: Buffer, kind: "portrait" | "group"): Promise<readonly Described[]> => {
    const { data, width, height } = await pixelsOf(photo);
    const image = api.tf.tensor3d(data, [height, width, 3], "int32");
    try {
      if (kind === "group") return await api.detectAllFaces(image, options).withFaceLandmarks().withFaceDescriptors();
      const face = await api.detectSingleFace(image, options).withFaceLandmarks().withFaceDescriptor();
      return face === undefined ? [] : [face];
    } finally {
      image.dispose();
    }
  };

  return {
    threads: wasm.getThreadsCount(),
    async enrol(memberId, photo) {
      const [face] = await describe(photo, "portrait");
      if (face !== undefined) gallery.add(memberId, face.descriptor);
    },
    async whoIsOn(photo, kind) {
      const faces = await describe(photo, kind);
      const members = faces.filter(
        ({ descriptor }) => gallery.nearest(descriptor, euclidean).distance <= furthestMatch,
      );
      return { faces: faces.length, members: members.length };
    },
    async [Symbol.asyncDispose]() {},
  };
}
