import { createHash } from "node:crypto";
import { type FileHandle, open } from "node:fs/promises";
import { FaceKitError, type LoadOptions } from "@facekit/core";
import type { ModelCard } from "../card.js";

const chunkBytes = 1 << 20;

/** Reads the file through once and throws `model-corrupt` unless its size and SHA-256 are the card's. */
export async function verifyFile(card: ModelCard, path: string, options: LoadOptions = {}): Promise<void> {
  const chunk = new Uint8Array(chunkBytes);
  await digest(card, path, () => chunk, options);
}

/** The file's bytes. What is hashed is what is returned, so nothing can be swapped in between. */
export async function readVerified(card: ModelCard, path: string, options: LoadOptions = {}): Promise<Uint8Array> {
  const bytes = new Uint8Array(card.bytes);
  await digest(card, path, (offset) => bytes.subarray(offset, offset + chunkBytes), options);
  return bytes;
}

async function digest(
  card: ModelCard,
  path: string,
  bufferAt: (offset: number) => Uint8Array,
  { signal, onProgress }: LoadOptions,
): Promise<void> {
  const handle = await open(path);
  try {
    await checkSize(card, path, handle);
    const hash = createHash("sha256");
    for (let done = 0; done < card.bytes; ) {
      signal?.throwIfAborted();
      const buffer = bufferAt(done);
      const { bytesRead } = await handle.read(buffer, 0, Math.min(buffer.length, card.bytes - done), done);
      if (bytesRead === 0) throw corrupt(card, path, `${done} bytes`, `${card.bytes}`);
      hash.update(buffer.subarray(0, bytesRead));
      done += bytesRead;
      onProgress?.({ task: `verify ${card.id}`, done, total: card.bytes });
    }
    const got = hash.digest("hex");
    if (got !== card.sha256) throw corrupt(card, path, `SHA-256 ${got}`, card.sha256);
  } finally {
    await handle.close();
  }
}

async function checkSize(card: ModelCard, path: string, handle: FileHandle): Promise<void> {
  const { size } = await handle.stat();
  if (size !== card.bytes) throw corrupt(card, path, `${size} bytes`, `${card.bytes}`);
}

function corrupt(card: ModelCard, path: string, got: string, want: string): FaceKitError {
  return new FaceKitError(
    "model-corrupt",
    `${path} is not the file of ${card.id}: it has ${got}, the card wants ${want}.`,
    {
      details: { model: card.id, path },
    },
  );
}
