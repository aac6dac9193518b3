import { crc32 } from "node:zlib";
import type { FaceRecord, NamespacedFaceRecord } from "@facekit/core";
import { Damage } from "./failures.js";
import type { StoredId } from "./tables.js";
import { bytesOf, dateOf, idOf, numberOf, optional, textOf } from "./values.js";

/** The columns that `fromTemplateRow` takes beside the vector. */
export const templateColumns = [
  "revision",
  "namespace",
  "id",
  "member_id",
  "created_at",
  "source",
  "checksum",
] as const;

/** What is written of a template but for its revision, which is known inside the transaction only. */
export interface TemplateRow {
  readonly namespace: StoredId;
  readonly id: StoredId;
  readonly memberId: StoredId;
  readonly vector: Buffer;
  readonly createdAt: number;
  readonly source: string | null;
  checksum(revision: number): number;
}

export function toTemplateRow(namespace: string, record: FaceRecord, toStored: (id: string) => StoredId): TemplateRow {
  const { vector, id, memberId } = record;
  // A copy, for the transaction comes later. Node runs on little-endian machines only.
  const bytes = Buffer.from(vector.buffer.slice(vector.byteOffset, vector.byteOffset + vector.byteLength));
  const createdAt = record.createdAt.getTime();
  const source = record.source ?? null;
  return {
    namespace: toStored(namespace),
    id: toStored(id),
    memberId: toStored(memberId),
    vector: bytes,
    createdAt,
    source,
    checksum: (revision) => checksum(bytes, [revision, namespace, id, memberId, createdAt, source]),
  };
}

/** Throws `Damage` where the row is not as it was written: databases do not notice a flipped bit. */
export function fromTemplateRow(
  row: { readonly [column in (typeof templateColumns)[number] | "vector"]: unknown },
  dimensions: number,
): NamespacedFaceRecord {
  const namespace = idOf(row.namespace);
  const id = idOf(row.id);
  const memberId = idOf(row.member_id);
  const bytes = bytesOf(row.vector);
  const createdAt = dateOf(row.created_at);
  const source = optional("source", row.source, textOf);
  const expected = checksum(bytes, [
    numberOf(row.revision),
    namespace,
    id,
    memberId,
    createdAt.getTime(),
    source.source ?? null,
  ]);
  if (numberOf(row.checksum) !== expected || bytes.length !== dimensions * Float32Array.BYTES_PER_ELEMENT) {
    throw new Damage(`template "${id}" of namespace "${namespace}" is not as it was written`);
  }
  const vector = new Float32Array(dimensions);
  new Uint8Array(vector.buffer).set(bytes);
  return { namespace, id, memberId, vector, createdAt, ...source };
}

function checksum(vector: Uint8Array, rest: readonly (string | number | null)[]): number {
  return crc32(vector, crc32(JSON.stringify(rest)));
}
