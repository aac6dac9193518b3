import { createHash } from "node:crypto";
import type { EmbeddingSpace, SnapshotReader, SnapshotWriter } from "@facekit/core";
import { Breather } from "@facekit/index-exact";
import type { RowKey } from "./graph-rows.js";
import type { Links } from "./links.js";

/**
 * Names what is written here, behind what the exact index writes: a list of format, version of hnswlib-node, space,
 * dimensions, metric, m and number of graphs; for each graph a list of namespace, number of rows, number of links and the
 * SHA-256 of its rows and links, then lists of its rows by label, then the links. No vectors: they are with the exact index.
 * Lists are JSON behind their length (uint32).
 */
const format = "facekit-index-hnsw/1";

const rowsPerList = 4096;
const linksPerPiece = 2 ** 18;

export interface KeptGraph {
  readonly namespace: string;
  readonly links: Links;
  readonly keys: readonly RowKey[];
}

interface Fitting {
  readonly space: EmbeddingSpace;
  readonly m: number;
  readonly version: string;
}

export async function saveGraphs(
  { graphs, space, m, version }: Fitting & { readonly graphs: readonly KeptGraph[] },
  write: SnapshotWriter,
): Promise<void> {
  const list = async (items: readonly unknown[]): Promise<void> => {
    const bytes = new TextEncoder().encode(JSON.stringify(items));
    await write(new Uint8Array(Uint32Array.of(bytes.length).buffer));
    await write(bytes);
  };
  await list([...headOf({ space, m, version }), graphs.length]);
  for (const { namespace, links, keys } of graphs) {
    await list([namespace, keys.length, links.length, await digestOf(keys, links)]);
    for (let from = 0; from < keys.length; from += rowsPerList) {
      const some = keys.slice(from, from + rowsPerList);
      await list(some.map(({ kind, id }) => (kind === "means" ? [id] : id)));
    }
    for (let from = 0; from < links.length; from += linksPerPiece) await write(bytesOf(links, from));
  }
}

/**
 * Reads what `saveGraphs` wrote. Graphs that are damaged or of another version or kind are left out. Rejects where `read`
 * does.
 */
export async function restoreGraphs(fitting: Fitting, read: SnapshotReader): Promise<KeptGraph[]> {
  const graphs: KeptGraph[] = [];
  let missing: { readonly error: unknown } | undefined;
  const readOn: SnapshotReader = async (target) => {
    try {
      await read(target);
    } catch (error) {
      missing = { error };
      throw error;
    }
  };
  const list = async (): Promise<unknown[]> => {
    const length = new Uint32Array(1);
    await readOn(new Uint8Array(length.buffer));
    const bytes = new Uint8Array(length[0] ?? 0);
    await readOn(bytes);
    const items: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return Array.isArray(items) ? items : fail();
  };
  try {
    const head = await list();
    const count = head.pop();
    if (JSON.stringify(head) !== JSON.stringify(headOf(fitting)) || typeof count !== "number") return [];
    while (graphs.length < count) {
      const [namespace, rows, length, digest] = await list();
      if (typeof namespace !== "string" || typeof rows !== "number" || typeof length !== "number") fail();
      const keys: RowKey[] = [];
      while (keys.length < rows) {
        const some = await list();
        if (some.length === 0) fail();
        for (const key of some) keys.push(keyOf(key));
      }
      const links = new Uint32Array(length);
      for (let from = 0; from < length; from += linksPerPiece) await readOn(bytesOf(links, from));
      if ((await digestOf(keys, links)) !== digest) fail();
      graphs.push({ namespace, links, keys });
    }
  } catch {
    // The templates are restored, and the rest is built from them.
    if (missing !== undefined) throw missing.error;
  }
  return graphs;
}

function headOf({ space, m, version }: Fitting): unknown[] {
  return [format, version, space.id, space.dimensions, space.metric, m];
}

function keyOf(key: unknown): RowKey {
  if (typeof key === "string") return { kind: "templates", id: key };
  const id: unknown = Array.isArray(key) ? key[0] : undefined;
  return typeof id === "string" ? { kind: "means", id } : fail();
}

async function digestOf(keys: readonly RowKey[], links: Links): Promise<string> {
  const hash = createHash("sha256");
  const breather = new Breather();
  for (const { kind, id } of keys) {
    hash.update(`${kind}:${JSON.stringify(id)}`);
    if (breather.due) await breather.breathe();
  }
  for (let from = 0; from < links.length; from += linksPerPiece) {
    hash.update(bytesOf(links, from));
    if (breather.due) await breather.breathe();
  }
  return hash.digest("hex");
}

function bytesOf(links: Links, from: number): Uint8Array {
  return new Uint8Array(links.buffer, links.byteOffset + from * 4, Math.min(linksPerPiece, links.length - from) * 4);
}

function fail(): never {
  throw new Error("The graphs of the snapshot are not as this index writes them.");
}
