import type { PhotoSet } from "../photos.js";
import { faceApi } from "./face-api.js";
import { ours } from "./facekit.js";
import { human } from "./human.js";

/** From the bytes of a photo to members, decoding included. */
export interface Contender extends AsyncDisposable {
  /** How many threads its nets run on. */
  readonly threads: number;
  enrol(memberId: string, photo: Buffer): Promise<void>;
  /** Members of the gallery: the one of the largest face of a portrait, or all of a group photo. */
  whoIsOn(photo: Buffer, kind: PhotoSet["kind"]): Promise<Answer>;
}

export interface Answer {
  /** Faces that were found, of a portrait those that were looked at. */
  readonly faces: number;
  /** Of these, the ones whose nearest member passed the contender's own threshold. */
  readonly members: number;
}

/** Where weights are, if they are. */
export interface Weights {
  readonly modelsDirectory?: string | undefined;
}

/** Those of Node. Each rejects with the reason where it is not to be had on this machine. */
export const contenders: Readonly<Record<string, (weights: Weights) => Promise<Contender>>> = {
  "facekit yunet+retail-0095": (weights) => ours("yunet+retail-0095", weights),
  "facekit yunet+mobilefacenet-foamliu": (weights) => ours("yunet+mobilefacenet-foamliu", weights),
  "facekit bundled": (weights) => ours("bundled", weights),
  "face-api wasm": faceApi,
  "human wasm": human,
};
