import { createFaceKit, type FaceKit } from "@facekit/node";
import type { Contender, Weights } from "./contenders.js";
import { absentWeights } from "./peers.js";

/** What `createFaceKit` gives with this pack, everything in memory. */
export async function ours(pack: string, weights: Weights, workers = 1): Promise<Contender> {
  return contenderOf(await openKit(pack, weights, workers), workers);
}

export async function openKit(pack: string, { modelsDirectory }: Weights, workers: number): Promise<FaceKit> {
  if (pack !== "bundled" && modelsDirectory === undefined) throw new Error(absentWeights);
  const weights = modelsDirectory === undefined ? {} : { modelsDirectory };
  return createFaceKit({ models: pack, session: { workers }, ...weights });
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
