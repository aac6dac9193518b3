import {
  createFaceKit,
  type FaceKit,
  isFaceKitError,
  type NodeFaceKitOptions,
  type SessionOptions,
} from "@facekit/node";
import type { Contender, Weights } from "./contenders.js";
import { absentWeights } from "./peers.js";

/** A kit on so many workers. Where the kit does not know the option yet it has one worker, and no other number is to be had. */
export async function kitOn(workers: number, options: NodeFaceKitOptions): Promise<FaceKit> {
  const session: SessionOptions & { readonly workers: number } = { workers };
  try {
    return await createFaceKit({ ...options, session });
  } catch (error) {
    const unknown = isFaceKitError(error, "invalid-argument") && /workers/.test(error.message);
    if (!unknown) throw error;
    if (workers !== 1) throw new Error("createFaceKit has one worker, and no option for more", { cause: error });
    return createFaceKit(options);
  }
}

/** What `createFaceKit` gives with this pack, everything in memory. */
export async function ours(pack: string, { modelsDirectory }: Weights, workers = 1): Promise<Contender> {
  if (pack !== "bundled" && modelsDirectory === undefined) throw new Error(absentWeights);
  const kit = await kitOn(workers, { models: pack, ...(modelsDirectory === undefined ? {} : { modelsDirectory }) });
  return contenderOf(kit, workers);
}

export function contenderOf(kit: FaceKit, threads: number): Contender {
  return {
    threads,
    async enrol(memberId, photo) {
      await kit.register(memberId, photo, { minFaceSize: 20 });
    },
    async whoIsOn(photo, kind) {
      if (kind === "portrait") {
        const { face, best } = await kit.identify(photo);
        return { faces: face === undefined ? 0 : 1, members: best === undefined ? 0 : 1 };
      }
      const { photos } = await kit.takeAttendance([photo]);
      const faces = photos.flatMap((each) => each.faces);
      return { faces: faces.length, members: faces.filter(({ memberId }) => memberId !== null).length };
    },
    async [Symbol.asyncDispose]() {
      await kit[Symbol.asyncDispose]();
    },
  };
}
