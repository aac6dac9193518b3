import { createHash } from "node:crypto";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import {
  createVectorStore,
  type FaceRecords,
  memoryFaceRecords,
  type VectorIndex,
  type VectorStore,
} from "@facekit/core";
import { exactIndex } from "@facekit/index-exact";
import { addressOf, askMysql, askPostgres, dropMongodb, numberOf } from "../servers.js";

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
  /** Waits for what is still being built of it, and tells what searches a namespace from then on. */
  engine?(namespace: string): Promise<string>;
}

export interface Backend {
  /** Whether writes outlive the process. */
  readonly persistent: boolean;
  /** Whether its folder holds all of it. */
  readonly inFiles?: boolean;
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

/** What is told of a backend beside how it opens. */
type Facts = Omit<Backend, "load" | "open">;

const database = ({ folder }: Place): string => join(folder, "members.db");

/** Records of a store that may have more parts, and the index over them. */
function composed(records: FaceRecords, whole: AsyncDisposable, index: VectorIndex = exactIndex()): OpenedBackend {
  const store = createVectorStore({ records, index });
  return {
    store,
    records,
    async [Symbol.asyncDispose]() {
      await store[Symbol.asyncDispose]();
      await whole[Symbol.asyncDispose]();
    },
  };
}

async function sizeOf(file: string): Promise<number> {
  return (await stat(file)).size;
}

function backend<Module>(
  load: () => Promise<Module>,
  open: (module: Module, place: Place) => OpenedBackend | Promise<OpenedBackend>,
  facts: Facts,
): Backend {
  return {
    load: async () => void (await load()),
    open: async (place) => open(await load(), place),
    ...facts,
  };
}

/** Why it cannot be used here, or undefined where it can. */
export function missing({ server }: Backend): string | undefined {
  if (server === undefined || process.env[server.variable]) return undefined;
  return `${server.variable} is not set: node scripts/servers.mjs --install ${server.name} -- npm run bench -- store`;
}

/** What is told of a store in a schema of the server that POSTGRES_URL names. */
const onPostgres: Facts = {
  persistent: true,
  server: { variable: "POSTGRES_URL", name: "postgres" },
  bytes: async ({ name }) =>
    numberOf(
      await askPostgres(
        `SELECT sum(pg_total_relation_size(pg_class.oid)) AS bytes FROM pg_class
         JOIN pg_namespace ON pg_namespace.oid = relnamespace WHERE relkind = 'r' AND nspname = '${name}'`,
      ),
    ),
  drop: async ({ name }) => void (await askPostgres(`DROP SCHEMA IF EXISTS "${name}" CASCADE`)),
};

/** A new backend is an entry here: `npm run bench -- store` and `npm run torture` take it by its name. */
export const backends: Readonly<Record<string, Backend>> = {
  memory: backend(
    async () => undefined,
    () => {
      const records = memoryFaceRecords();
      return composed(records, records);
    },
    { persistent: false },
  ),
  sqlite: backend(
    () => import("@facekit/store-sql"),
    ({ sqliteStore }, place) => {
      const whole = sqliteStore(database(place));
      return composed(whole.faceRecords, whole);
    },
    { persistent: true, inFiles: true, bytes: (place) => sizeOf(database(place)) },
  ),
  "sqlite-hnsw": backend(
    async () => ({ ...(await import("@facekit/store-sql")), ...(await import("@facekit/index-hnsw")) }),
    ({ sqliteStore, hnswIndex }, place) => {
      const whole = sqliteStore(database(place));
      // A graph whatever the size: it is what is looked at here.
      const index = hnswIndex({ exactBelow: 1 });
      return {
        ...composed(whole.faceRecords, whole, index),
        async engine(namespace) {
          await index.settled();
          return index.describe(namespace).engine;
        },
      };
    },
    { persistent: true, inFiles: true, bytes: (place) => sizeOf(database(place)) },
  ),
  pglite: backend(
    async () => ({ ...(await import("@facekit/store-sql")), ...(await import("@electric-sql/pglite")) }),
    async ({ postgresStore, PGlite }, place) => {
      const pglite = await PGlite.create(join(place.folder, "pglite"));
      const whole = postgresStore({ pglite });
      return composed(whole.faceRecords, {
        async [Symbol.asyncDispose]() {
          await whole[Symbol.asyncDispose]();
          await pglite.close();
        },
      });
    },
    { persistent: true, inFiles: true },
  ),
  postgres: backend(
    () => import("@facekit/store-sql"),
    ({ postgresStore }, { name: schema }) => {
      const whole = postgresStore({ url: addressOf("POSTGRES_URL"), schema });
      return composed(whole.faceRecords, whole);
    },
    onPostgres,
  ),
  mariadb: backend(
    () => import("@facekit/store-sql"),
    async ({ mysqlStore }, { name }) => {
      await askMysql(`CREATE DATABASE IF NOT EXISTS ${name}`);
      const url = new URL(addressOf("MARIADB_URL"));
      url.pathname = `/${name}`;
      const whole = mysqlStore({ url: url.href });
      return composed(whole.faceRecords, whole);
    },
    {
      persistent: true,
      server: { variable: "MARIADB_URL", name: "mariadb" },
      bytes: async ({ name }) =>
        numberOf(
          await askMysql(
            `SELECT sum(data_length + index_length) AS bytes FROM information_schema.tables WHERE table_schema = '${name}'`,
          ),
        ),
      drop: async ({ name }) => void (await askMysql(`DROP DATABASE IF EXISTS ${name}`)),
    },
  ),
  mongodb: backend(
    () => import("@facekit/store-mongodb"),
    ({ mongodbStore }, { name }) => {
      const whole = mongodbStore({ url: addressOf("MONGODB_URI"), database: name });
      return composed(whole.faceRecords, whole);
    },
    {
      persistent: true,
      server: { variable: "MONGODB_URI", name: "ferretdb" },
      drop: ({ name }) => dropMongodb(name),
    },
  ),
  pgvector: backend(
    () => import("@facekit/store-pgvector"),
    ({ pgvectorStore }, { name }) => {
      const store = pgvectorStore({ url: addressOf("POSTGRES_URL"), schema: name });
      return { store, [Symbol.asyncDispose]: () => store[Symbol.asyncDispose]() };
    },
    onPostgres,
  ),
};
