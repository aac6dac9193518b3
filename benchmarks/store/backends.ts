import { createHash } from "node:crypto";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { createVectorStore, type FaceRecords, memoryFaceRecords, type VectorStore } from "@facekit/core";
import { exactIndex } from "@facekit/index-exact";
import { onPostgres } from "../postgres.js";

/** Where one store lives: in a folder of its own, or on a server in a database or schema of this name. */
export interface Place {
  readonly folder: string;
  readonly name: string;
}

export function placeAt(folder: string): Place {
  return { folder, name: `facekit_${createHash("sha256").update(folder).digest("hex").slice(0, 16)}` };
}

/** Disposing it closes the store and all that belongs to it. */
export interface OpenedBackend extends AsyncDisposable {
  readonly store: VectorStore;
  /** The truth behind the store: absent where an engine searches by itself. */
  readonly records?: FaceRecords;
}

export interface Backend {
  /** Whether writes outlive the process. */
  readonly persistent: boolean;
  /** The variable that leads to its server, which is named in FACEKIT_SERVERS by the second. */
  readonly server?: { readonly variable: string; readonly name: string };
  /** Imports what it needs. */
  load(): Promise<void>;
  /** Opens the store of the place, made on first use; `open(space)` is left to the caller. */
  open(place: Place): Promise<OpenedBackend>;
  /** The database's size in bytes, without a snapshot, where it is known. */
  bytes?(place: Place): Promise<number>;
  /** Takes away what a server keeps. Folders are the caller's. */
  drop?(place: Place): Promise<void>;
}

const database = ({ folder }: Place): string => join(folder, "members.db");

/** Records under the exact index, of a store that may have more parts. */
function exactly(records: FaceRecords, whole: AsyncDisposable = records): OpenedBackend {
  const store = createVectorStore({ records, index: exactIndex() });
  return {
    store,
    records,
    async [Symbol.asyncDispose]() {
      await store[Symbol.asyncDispose]();
      await whole[Symbol.asyncDispose]();
    },
  };
}

function backend<Module>(
  load: () => Promise<Module>,
  open: (module: Module, place: Place) => OpenedBackend,
  rest: Omit<Backend, "load" | "open">,
): Backend {
  return {
    load: async () => void (await load()),
    open: async (place) => open(await load(), place),
    ...rest,
  };
}

/** Why it cannot be used here, or undefined where it can. */
export function missing({ server }: Backend): string | undefined {
  if (server === undefined || process.env[server.variable]) return undefined;
  return `${server.variable} is not set: node scripts/servers.mjs --install ${server.name} -- npm run bench -- store`;
}

/** A new backend is an entry here: `npm run bench -- store` and `npm run torture` take it by its name. */
export const backends: Readonly<Record<string, Backend>> = {
  memory: backend(
    async () => undefined,
    () => exactly(memoryFaceRecords()),
    { persistent: false },
  ),
  sqlite: backend(
    () => import("@facekit/store-sql"),
    ({ sqliteStore }, place) => {
      const whole = sqliteStore(database(place));
      return exactly(whole.faceRecords, whole);
    },
    { persistent: true, bytes: async (place) => (await stat(database(place))).size },
  ),
  pgvector: backend(
    () => import("@facekit/store-pgvector"),
    ({ pgvectorStore }, { name }) => {
      const store = pgvectorStore({ url: process.env.POSTGRES_URL ?? "", schema: name });
      return { store, [Symbol.asyncDispose]: () => store[Symbol.asyncDispose]() };
    },
    {
      persistent: true,
      server: { variable: "POSTGRES_URL", name: "postgres" },
      bytes: async ({ name }) => {
        const sizes =
          "SELECT sum(pg_total_relation_size(oid)) AS bytes FROM pg_class WHERE relkind = 'r' AND relnamespace =";
        const [row] = await onPostgres(`${sizes} '"${name}"'::regnamespace`);
        return Number(row?.bytes);
      },
      drop: async ({ name }) => void (await onPostgres(`DROP SCHEMA IF EXISTS "${name}" CASCADE`)),
    },
  ),
};
