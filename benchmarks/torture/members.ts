import { createHash } from "node:crypto";
import { type EmbeddingSpace, type FaceRecord, normalize } from "@facekit/core";

export const namespace = "torture";
export const space: EmbeddingSpace = { id: "torture-64", dimensions: 64, metric: "cosine" };
export const templatesOfMember = 3;

/** All templates of a member in one version, the same in every process. */
export function templatesOf(memberId: string, version: number): FaceRecord[] {
  return Array.from({ length: templatesOfMember }, (_, n) => ({
    id: `${memberId}/${n}`,
    memberId,
    vector: vectorOf(`${memberId}/${n}/${version}`),
    createdAt: new Date(1_700_000_000_000 + version),
    source: String(version),
  }));
}

function vectorOf(name: string): Float32Array {
  const bytes = createHash("shake256", { outputLength: space.dimensions }).update(name).digest();
  return normalize(Array.from(bytes, (byte) => byte - 127.5));
}

/** One write that is there whole or not at all. */
export type Operation =
  | { readonly kind: "put"; readonly members: readonly (readonly [memberId: string, version: number])[] }
  | { readonly kind: "delete"; readonly members: readonly (readonly [memberId: string, version: number])[] };

/** What a life gets from its parent, as one line. */
export interface Life {
  readonly name: string;
  /** Members of earlier lives, to replace and delete. */
  readonly known: readonly (readonly [memberId: string, version: number])[];
}

/** What a life tells, a line each, written before it goes on. */
export type Told =
  | { readonly what: "ready" }
  | { readonly what: "open"; readonly ms: number }
  | { readonly what: "try"; readonly number: number; readonly operation: Operation }
  | { readonly what: "acknowledged"; readonly number: number }
  | { readonly what: "failed"; readonly why: string };
