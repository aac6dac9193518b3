import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { findCard } from "@facekit/models";
import { locateModel } from "@facekit/models/cache";
import { pythonInterpreter } from "../python/environment.js";
import { reasonOf } from "../skipped.js";
import type { Measured, Task } from "./measure.js";

/** One of python/pipeline.py. */
export interface Peer {
  readonly peer: "opencv" | "insightface" | "face_recognition";
  /** 0: as many as it takes by itself. */
  readonly threads: number;
  /** The weights it runs on, by card. */
  readonly cards: readonly string[];
}

const opencv: Omit<Peer, "threads"> = { peer: "opencv", cards: ["yunet-640", "retail-0095"] };
const insightface: Omit<Peer, "threads"> = { peer: "insightface", cards: ["yunet-640", "mobilefacenet-foamliu"] };

/** The contenders written in Python. */
export const peers: Readonly<Record<string, Peer>> = {
  "OpenCV yunet+retail-0095, 1 thread": { ...opencv, threads: 1 },
  "OpenCV yunet+retail-0095, all cores": { ...opencv, threads: 0 },
  "insightface yunet+mobilefacenet-foamliu, 1 thread": { ...insightface, threads: 1 },
  "insightface yunet+mobilefacenet-foamliu, all cores": { ...insightface, threads: 0 },
  "face_recognition (dlib)": { peer: "face_recognition", threads: 1, cards: [] },
};

/** Ends before the process that waits for it is ended, and would leave it behind. */
const pythonTimeoutMs = 570_000;

/** Rejects with the reason where Python, its packages or the weights are not here. */
export async function measurePeer(
  { peer, threads, cards }: Peer,
  { photos, modelsDirectory, msPerSet }: Task,
): Promise<Measured> {
  const interpreter = pythonInterpreter();
  const models: Record<string, string> = {};
  for (const card of cards) {
    if (modelsDirectory === undefined) throw new Error(absentWeights);
    models[card] = await locateModel(findCard(card), { directories: [modelsDirectory] });
  }
  const script = fileURLToPath(new URL("../python/pipeline.py", import.meta.url));
  const python = spawn(interpreter, [script], { stdio: "pipe", timeout: pythonTimeoutMs });
  python.stdin.end(JSON.stringify({ peer, threads, models, gallery: photos.gallery, sets: photos.sets, msPerSet }));
  const [answer, complaints] = await Promise.all([text(python.stdout), text(python.stderr)]);
  const last = answer.trimEnd().split("\n").at(-1) ?? "";
  if (!last.startsWith("{")) throw new Error(reasonOf(complaints));
  return JSON.parse(last);
}

export const absentWeights = "its weights are not here: --models DIR";
