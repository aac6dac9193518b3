import { crc32 } from "node:zlib";
import { type FaceRecord, type NamespacedFaceRecord, orderedText } from "@facekit/core";
import type { Fields, Server } from "./connection.js";
import { Damage } from "./failures.js";
import { dateAt, given, idAt, numberAt, optionalAt, textAt } from "./fields.js";

/** What of a template is known before the write that brings it: without `_id`, batch, state and revision. */
export function toTemplate(driver: Server["driver"], namespace: string, record: FaceRecord): Fields {
  const { vector, createdAt, source } = record;
  return given({
    namespace: orderedText(namespace),
    id: orderedText(record.id),
    member: orderedText(record.memberId),
    vector: driver.Binary.fromFloat32Array(vector),
    createdAt,
    source,
    checksum: checksum(vector, [namespace, record.id, record.memberId, createdAt.getTime(), source ?? null]),
  });
}

/** Throws `Damage` where the document is not as it was written. */
export function fromTemplate(document: Fields): NamespacedFaceRecord {
  const namespace = idAt(document, "namespace");
  const id = idAt(document, "id");
  const memberId = idAt(document, "member");
  const createdAt = dateAt(document, "createdAt");
  const source = optionalAt("source", document, textAt);
  const vector = vectorOf(document);
  const rest = [namespace, id, memberId, createdAt.getTime(), source.source ?? null];
  if (vector === undefined || numberAt(document, "checksum") !== checksum(vector, rest)) {
    throw new Damage(`template "${id}" of namespace "${namespace}" is not as it was written`);
  }
  return { namespace, id, memberId, vector, createdAt, ...source };
}

/** The float32 numbers of a BSON vector (Binary of subtype 9); undefined where there is none. */
export function vectorOf({ vector }: Fields): Float32Array | undefined {
  if (typeof vector !== "object" || vector === null || !("toFloat32Array" in vector)) return undefined;
  const { toFloat32Array } = vector;
  if (typeof toFloat32Array !== "function") return undefined;
  try {
    const numbers: unknown = toFloat32Array.call(vector);
    return numbers instanceof Float32Array ? numbers : undefined;
  } catch {
    // Another subtype, another kind of numbers, or a damaged header.
    return undefined;
  }
}

function checksum(vector: Float32Array, rest: readonly (string | number | null)[]): number {
  // The bytes as this machine holds them: little-endian wherever Node runs.
  return crc32(new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength), crc32(JSON.stringify(rest)));
}
