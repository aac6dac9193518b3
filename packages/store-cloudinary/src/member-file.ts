import type { EmbeddingSpace, FaceRecord } from "@facekit/core";
import { corrupt } from "./failures.js";

/** The one file that holds all templates of a member, as JSON. Vectors are base64 of little-endian float32. */
export interface MemberFile {
  readonly space: string;
  readonly namespace: string;
  readonly memberId: string;
  readonly templates: readonly FaceRecord[];
}

const format = 1;

export function memberFileText(
  space: EmbeddingSpace,
  namespace: string,
  memberId: string,
  templates: readonly FaceRecord[],
): string {
  return JSON.stringify({
    format,
    space: space.id,
    namespace,
    memberId,
    templates: templates.map(({ id, vector, createdAt, source }) => ({
      id,
      vector: Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength).toString("base64"),
      createdAt: createdAt.getTime(),
      source,
    })),
  });
}

/** Throws `store-corrupt` for what is no such file. */
export function toMemberFile(value: unknown, name: string): MemberFile {
  const at = (from: unknown, key: string): unknown => Reflect.get(Object(from), key);
  const space = at(value, "space");
  const namespace = at(value, "namespace");
  const memberId = at(value, "memberId");
  const templates = at(value, "templates");
  const known = at(value, "format") === format && Array.isArray(templates);
  if (!known || typeof space !== "string" || typeof namespace !== "string" || typeof memberId !== "string") {
    throw corrupt(`${name} holds no templates of this version of Facekit.`);
  }
  return {
    space,
    namespace,
    memberId,
    templates: templates.map((template: unknown) => {
      const id = at(template, "id");
      const vector = at(template, "vector");
      const createdAt = at(template, "createdAt");
      const source = at(template, "source");
      if (typeof id !== "string" || typeof vector !== "string" || typeof createdAt !== "number") {
        throw corrupt(`A template in ${name} is damaged.`);
      }
      return {
        id,
        memberId,
        vector: toVector(vector),
        createdAt: new Date(createdAt),
        ...(typeof source === "string" && { source }),
      };
    }),
  };
}

function toVector(base64: string): Float32Array {
  const bytes = Uint8Array.from(Buffer.from(base64, "base64"));
  return new Float32Array(bytes.buffer, 0, Math.floor(bytes.length / 4));
}
