import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Contender } from "./contenders.js";
import { Gallery } from "./nearest.js";
import { pixelsOf } from "./pixels.js";

/** Of Human's own examples. */
const leastSimilarity = 0.5;

interface Tensor {
  readonly shape: readonly number[];
}
interface HumanInstance {
  readonly tf: {
    tensor(pixels: Uint8Array, shape: readonly number[], type: "int32"): Tensor;
    dispose(tensor: Tensor): void;
  };
  readonly match: { similarity(a: readonly number[], b: readonly number[]): number };
  load(): Promise<void>;
  detect(
    image: Tensor,
    config?: object,
  ): Promise<{ readonly face: readonly { readonly embedding?: readonly number[] }[]; readonly error: string | null }>;
}
interface HumanLibrary {
  readonly Human: new (config: object) => HumanInstance;
}
interface WasmBackend {
  getThreadsCount(): number;
}

const off = { enabled: false };

/** Its face detector, mesh and description; everything else off, no answer reused from the photo before. */
export async function human(): Promise<Contender> {
  const require = createRequire(import.meta.url);
  // Its exports name the TensorFlow build alone.
  const folder = join(dirname(require.resolve("@vladmandic/human")), "..");
  const { Human }: HumanLibrary = require(join(folder, "dist", "human.node-wasm.js"));
  const wasm: WasmBackend = require("@tensorflow/tfjs-backend-wasm");
  fetchFiles();
  const face = {
    enabled: true,
    detector: { maxDetected: 20, minConfidence: 0.2, rotation: true },
    mesh: { enabled: true },
    description: { enabled: true },
    iris: off,
    emotion: off,
    antispoof: off,
    liveness: off,
  };
  const library = new Human({
    backend: "wasm",
    wasmPath: `${dirname(require.resolve("@tensorflow/tfjs-backend-wasm"))}/`,
    modelBasePath: pathToFileURL(join(folder, "models")).href,
    debug: false,
    cacheSensitivity: 0,
    filter: off,
    face,
    body: off,
    hand: off,
    object: off,
    gesture: off,
    segmentation: off,
  });
  await library.load();
  const gallery = new Gallery();
  const distance = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
    1 - library.match.similarity(Array.from(a), Array.from(b));

  const describe = async (photo: Buffer, kind: "portrait" | "group"): Promise<(readonly number[])[]> => {
    const { data, width, height } = await pixelsOf(photo);
    const image = library.tf.tensor(data, [1, height, width, 3], "int32");
    try {
      const most = { face: { ...face, detector: { ...face.detector, maxDetected: kind === "portrait" ? 1 : 20 } } };
      const result = await library.detect(image, most);
      if (result.error !== null) throw new Error(result.error);
      return result.face.flatMap(({ embedding }) => (embedding === undefined ? [] : [embedding]));
    } finally {
      library.tf.dispose(image);
    }
  };

  return {
    threads: wasm.getThreadsCount(),
    async enrol(memberId, photo) {
      const [vector] = await describe(photo, "portrait");
      if (vector !== undefined) gallery.add(memberId, vector);
    },
    async whoIsOn(photo, kind) {
      const faces = await describe(photo, kind);
      const members = faces.filter((vector) => gallery.nearest(vector, distance).distance <= 1 - leastSimilarity);
      return { faces: faces.length, members: members.length };
    },
    async [Symbol.asyncDispose]() {},
  };
}

/** Its WASM build loads models by fetch, which in Node knows no files. */
function fetchFiles(): void {
  const { fetch } = globalThis;
  globalThis.fetch = async (input, init) => {
    const url = String(input);
    return url.startsWith("file:") ? new Response(await readFile(new URL(url))) : fetch(input, init);
  };
}
