import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { FaceKitError, type FaceRecords, memoryFaceRecords } from "@facekit/core";

export interface ToyFileOptions {
  /** What opening does where the file is not as it was written. Default: it rejects with `store-corrupt`. */
  readonly whenDamaged?: "store-unavailable" | "ignore";
  /** What opening does where there is a file. Default: it reads it. */
  readonly whenFilled?: "refuse";
}

type Write =
  | { readonly namespace: string; readonly batch: Parameters<FaceRecords["put"]>[1] }
  | { readonly namespace: string; readonly selection: Parameters<FaceRecords["delete"]>[1] };

/** The smallest store in a file: all writes since the first, after their SHA-256. */
export function toyFileRecords(folder: string, { whenDamaged, whenFilled }: ToyFileOptions = {}): FaceRecords {
  const file = join(folder, "writes.json");
  const records = memoryFaceRecords();
  const writes: Write[] = [];
  const keep = async (write: Write): Promise<void> => {
    writes.push(write);
    const text = JSON.stringify(writes, (_, value) => (value instanceof Float32Array ? { f32: [...value] } : value));
    await writeFile(file, digestOf(text) + text);
  };
  return {
    ...records,
    async open(space) {
      await records.open(space);
      const text = await readFile(file, "utf8").catch(() => "");
      if (text === "" || writes.length > 0) return;
      const content = text.slice(64);
      if (whenFilled === "refuse" || (text.slice(0, 64) !== digestOf(content) && whenDamaged !== "ignore")) {
        throw new FaceKitError(
          whenDamaged === "store-unavailable" ? whenDamaged : "store-corrupt",
          "The file is damaged.",
        );
      }
      for (const write of JSON.parse(content, revived) as Write[]) {
        writes.push(write);
        if ("batch" in write) await records.put(write.namespace, write.batch);
        else await records.delete(write.namespace, write.selection);
      }
    },
    async put(namespace, batch, options) {
      const written = await records.put(namespace, batch, options);
      await keep({ namespace, batch });
      return written;
    },
    async delete(namespace, selection, options) {
      const deleted = await records.delete(namespace, selection, options);
      await keep({ namespace, selection });
      return deleted;
    },
  };
}

function digestOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function revived(key: string, value: unknown): unknown {
  if (typeof value === "object" && value !== null && "f32" in value && Array.isArray(value.f32)) {
    return Float32Array.from(value.f32);
  }
  return key === "createdAt" && typeof value === "string" ? new Date(value) : value;
}
