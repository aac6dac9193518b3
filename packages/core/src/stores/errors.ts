import { FaceKitError } from "../errors.js";
import type { EmbeddingSpace } from "../spec/embedder.js";

/** The error of a store that is used before `open`. */
export function notOpenError(adapter: string): FaceKitError {
  return new FaceKitError("invalid-argument", "Call open(space) first.", { adapter });
}

/** The error of a store that is used after it was disposed. */
export function closedError(adapter: string, store: string): FaceKitError {
  return new FaceKitError("closed", `The store "${store}" was closed.`, { adapter });
}

/** Throws `space-mismatch` unless the store holds the space that is wanted. */
export function checkSpace(adapter: string, store: string, held: EmbeddingSpace, wanted: EmbeddingSpace): void {
  if (held.id === wanted.id && held.dimensions === wanted.dimensions) return;
  throw new FaceKitError(
    "space-mismatch",
    `"${store}" holds templates of space "${held.id}" (${held.dimensions} numbers), which cannot be compared with those ` +
      `of "${wanted.id}" (${wanted.dimensions} numbers). Use the same models as before, or another store.`,
    { adapter, details: { held: held.id, wanted: wanted.id } },
  );
}

/** The error of a write with `ifRevision` where the namespace is at a later one. */
export function conflictError(adapter: string, namespace: string, ifRevision: number, revision: number): FaceKitError {
  return new FaceKitError("conflict", `Namespace "${namespace}" changed after revision ${ifRevision}.`, {
    adapter,
    details: { namespace, revision },
  });
}

/** The error of a purchase for a member who does not exist. */
export function unknownMemberError(adapter: string, namespace: string, memberId: string): FaceKitError {
  return new FaceKitError("unknown-member", `There is no member "${memberId}" in "${namespace}".`, { adapter });
}
