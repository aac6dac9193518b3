import { crc32 } from "node:zlib";
import { type FaceRecord, type NamespacedFaceRecord, orderedText } from "@facekit/core";
import type { Row, SqlValue } from "./database.js";
import { Damage } from "./failures.js";
import { blobAt, dateAt, idAt, numberAt, optionalAt, textAt } from "./values.js";

/** What `fromTemplateRow` takes, from `templatesWithVectors`. */
export const templateColumns = "revision, namespace, id, member_id, vector, created_at, source, checksum";

/** A template whose vector is missing must be noticed, not left out. */
export const templatesWithVectors = "templates LEFT JOIN vectors USING (slot)";

export interface TemplateRow {
  readonly id: string;
  readonly vector: Buffer;
  /** The values of `putTemplate`. */
  values(slot: number, revision: number): SqlValue[];
}

/** Creates the template, or replaces the one of the same id. */
export const putTemplate = `
  INSERT INTO templates (slot, revision, namespace, id, member_id, created_at, source, checksum)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (namespace, id) DO UPDATE SET
    revision = excluded.revision, member_id = excluded.member_id, created_at = excluded.created_at,
    source = excluded.source, checksum = excluded.checksum`;

/** Everything but the slot and the revision, which are known inside the transaction only. */
export function toTemplateRow(namespace: string, record: FaceRecord): TemplateRow {
  const { vector } = record;
  const id = orderedText(record.id);
  // A copy, for the transaction may come later. libsql runs on little-endian machines only.
  const bytes = Buffer.from(vector.buffer.slice(vector.byteOffset, vector.byteOffset + vector.byteLength));
  const createdAt = record.createdAt.getTime();
  const source = record.source ?? null;
  return {
    id,
    vector: bytes,
    values: (slot, revision) => [
      slot,
      revision,
      orderedText(namespace),
      id,
      orderedText(record.memberId),
      createdAt,
      source,
      checksum(bytes, [revision, namespace, record.id, record.memberId, createdAt, source]),
    ],
  };
}

/** Throws `Damage` where the row is not as it was written: SQLite itself does not notice a flipped bit. */
export function fromTemplateRow(row: Row, dimensions: number): NamespacedFaceRecord {
  const namespace = idAt(row, 1);
  const id = idAt(row, 2);
  const memberId = idAt(row, 3);
  const bytes = blobAt(row, 4);
  const createdAt = dateAt(row, 5);
  const source = optionalAt("source", row, 6, textAt);
  const expected = checksum(bytes, [
    numberAt(row, 0),
    namespace,
    id,
    memberId,
    createdAt.getTime(),
    source.source ?? null,
  ]);
  if (numberAt(row, 7) !== expected || bytes.length !== dimensions * Float32Array.BYTES_PER_ELEMENT) {
    throw new Damage(`template "${id}" of namespace "${namespace}" is not as it was written`);
  }
  const vector = new Float32Array(dimensions);
  new Uint8Array(vector.buffer).set(bytes);
  return { namespace, id, memberId, vector, createdAt, ...source };
}

function checksum(vector: Buffer, rest: readonly (string | number | null)[]): number {
  return crc32(vector, crc32(JSON.stringify(rest)));
}
