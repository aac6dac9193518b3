import { setTimeout as pause } from "node:timers/promises";
import {
  type CallOptions,
  checkId,
  checkKeys,
  checkNumber,
  checkVector,
  type EmbeddingSpace,
  FaceKitError,
  notOpenError,
  specVersion,
  type VectorStore,
} from "@facekit/core";
import {
  migratePostgres,
  numberOf,
  type PostgresConnectionOptions,
  postgresConnection,
  postgresConnectionOptionNames,
  postgresFaceRecords,
  recordMigrations,
  type Tables,
  toBytes,
} from "@facekit/store-sql/postgres";
import { sql, type Transaction } from "kysely";
import { adapterId } from "./adapter-id.js";
import { prepareExtension } from "./extension.js";
import { type HnswOptions, type IndexBuild, namespacesToTend, wantsTending } from "./hnsw-indexes.js";
import { indexBuilder } from "./index-builder.js";
import { type Names, namesOf } from "./names.js";
import { type RefreshedNamespace, refreshRows } from "./refresh-rows.js";
import { searchTables } from "./schema.js";
import { searchMembers } from "./search-members.js";

export interface PgvectorStoreOptions extends PostgresConnectionOptions {
  /**
   * `"hnsw"`: namespaces of many templates are searched by an HNSW index, which may miss a member, the others exactly.
   * `"exact"`: every search compares with every template of the namespace. Default `"hnsw"`.
   */
  readonly search?: "hnsw" | "exact";
  readonly hnsw?: HnswOptions;
}

/** A `VectorStore` on PostgreSQL with the extension pgvector. */
export interface PgvectorStore extends VectorStore {
  /**
   * Builds the HNSW indexes that are due and not there yet, drops those of empty namespaces, and fulfils when all is done,
   * what other processes are at too. The store begins that by itself, on opening and after writes; searches are exact
   * until then. An abort ends the waiting, and not the building. Rejects with `closed` where the store is disposed
   * meanwhile.
   *
   * A build keeps a connection as long as it takes: a `pool` of the caller wants another for the store's other calls.
   */
  buildIndexes(options?: CallOptions): Promise<void>;
}

const hnswDefaults: Required<HnswOptions> = {
  from: 20_000,
  m: 16,
  efConstruction: 200,
  efSearch: 400,
  buildMemoryMiB: 1024,
};

/** pgvector's: https://github.com/pgvector/pgvector#frequently-asked-questions */
const mostDimensions = { hnsw: 4000, exact: 16_000 };

/** How often it is asked whether the index that another process builds is ready. */
const lookEachMs = 250;

interface Opened {
  readonly space: EmbeddingSpace;
  readonly names: Names;
  readonly build: IndexBuild;
}

/**
 * Templates in PostgreSQL, searched there by pgvector 0.8 or newer: for galleries that outgrow the memory of one process,
 * and for many processes over one gallery. The templates lie in the tables of `postgresStore` of `@facekit/store-sql`,
 * which may be used over the same schema at the same time, and beside them are search rows in half precision, which each
 * write brings up to date in its transaction. Similarities are those of the float32 templates.
 *
 * Makes the extension, its tables and its indexes where they are missing. Rejects with `not-supported` where the server has
 * no pgvector 0.8, or the user may not make it, and names the command that helps; else with the errors of `postgresStore`.
 */
export function pgvectorStore(options: PgvectorStoreOptions): PgvectorStore {
  checkKeys("pgvectorStore", options, [...postgresConnectionOptionNames, "search", "hnsw"]);
  const { search = "hnsw", hnsw = {}, ...connectionOptions } = options;
  if (search !== "hnsw" && search !== "exact") {
    throw new FaceKitError("invalid-argument", `search wants "hnsw" or "exact"; got ${JSON.stringify(search)}.`);
  }
  const hnswOptions = checkedHnsw(hnsw);
  const { schema = "facekit" } = options;
  const connection = postgresConnection<Tables>(adapterId, connectionOptions, recordMigrations);
  const handle = connection.handle();
  const builder = indexBuilder(connectionOptions, handle.store);
  const pglite = options.pglite !== undefined;
  let opened: Opened | undefined;

  const use = (): Opened => {
    handle.check();
    if (opened === undefined) throw notOpenError(adapterId);
    return opened;
  };

  /** Namespaces whose search rows changed since their indexes were last looked after. */
  const changed = new Map<number, RefreshedNamespace>();
  const takeIn = async (db: Transaction<Tables>, names: Names, dimensions: number): Promise<boolean> => {
    const refreshed = await refreshRows(db, names, dimensions);
    for (const each of refreshed.namespaces) changed.set(each.key, each);
    return refreshed.behind;
  };
  const records = postgresFaceRecords(connection, async (db) => {
    const { names, space } = use();
    await takeIn(db, names, space.dimensions);
  });

  /** In a transaction for each turn, so that other writers come between, and what was done once is not done again. */
  const refresh = async (names: Names, dimensions: number, call: CallOptions | undefined): Promise<void> => {
    const turn = (db: Transaction<Tables>): Promise<boolean> => takeIn(db, names, dimensions);
    while (await handle.write(turn, { ...call, idempotent: true }));
  };

  /**
   * What is erased is gone from the search rows too, before the call fulfils: its own transaction may have left some to
   * later turns, and so may another process, whose erasure this one repeats.
   */
  const afterErasure = async ({ names, space, build }: Opened, call: CallOptions | undefined): Promise<void> => {
    await refresh(names, space.dimensions, call);
    tendWhereDue(build);
  };

  const tendWhereDue = (build: IndexBuild): void => {
    for (const { key, size, indexed } of changed.values()) {
      if (search === "hnsw" && wantsTending(size, indexed, build.options)) builder.begin(build, key);
    }
    changed.clear();
  };

  return {
    specVersion,
    id: adapterId,
    capabilities: { exact: search === "exact", readAfterWrite: true, persistent: true, conditionalWrites: true },

    async open(space, call) {
      handle.check();
      if (space.dimensions > mostDimensions[search]) {
        throw new FaceKitError(
          "not-supported",
          `pgvector's ${search} search takes ${mostDimensions[search]} dimensions at most; space "${space.id}" has ${space.dimensions}.`,
          { adapter: adapterId },
        );
      }
      await records.open(space, call);
      const extension = await handle.write((db) => prepareExtension(db, handle.store, pglite), {
        ...call,
        idempotent: true,
      });
      const naming = { adapter: adapterId, store: handle.store };
      await handle.read((db) => migratePostgres(db, schema, searchTables(extension, space.dimensions), naming), call);
      const names = namesOf(schema, extension, space.dimensions);
      await refresh(names, space.dimensions, call);
      const build = { names, dimensions: space.dimensions, options: hnswOptions, concurrently: !pglite };
      opened = { space, names, build };
      changed.clear();
      if (search === "exact") return;
      for (const key of await namespacesToTend(handle, build, call)) builder.begin(build, key);
    },

    async upsert(namespace, batch, call) {
      const { build } = use();
      const result = await records.put(namespace, batch, call);
      tendWhereDue(build);
      return result;
    },

    async search(namespace, probes, { k, memberIds, ...call }) {
      const { space, names, build } = use();
      call.signal?.throwIfAborted();
      checkId("namespace", namespace);
      checkNumber("k", k, { min: 1, max: Number.MAX_SAFE_INTEGER, integer: true });
      for (const probe of probes) checkVector(probe, space, adapterId);
      for (const memberId of memberIds ?? []) checkId("memberIds", memberId);
      const { dimensions } = space;
      const efSearch = search === "exact" ? undefined : hnswOptions.efSearch;
      const wanted = { namespace, probes, k, dimensions, efSearch, ...(memberIds && { memberIds }) };
      for (;;) {
        const found = await handle.write((db) => searchMembers(db, names, wanted), { ...call, idempotent: true });
        if (found !== undefined) return found;
        // Another writer, who knows of no search rows.
        await refresh(names, dimensions, call);
        tendWhereDue(build);
      }
    },

    async deleteMember(namespace, memberId, call) {
      const opened = use();
      const { deleted } = await records.delete(namespace, { memberId }, call);
      await afterErasure(opened, call);
      return deleted;
    },

    async deleteNamespace(namespace, call) {
      const opened = use();
      const { deleted } = await records.deleteNamespace(namespace, call);
      await afterErasure(opened, call);
      return deleted;
    },

    async count(namespace, call) {
      const { names } = use();
      checkId("namespace", namespace);
      return handle.read(async (db) => {
        const { rows } = await sql<{ members: unknown; templates: unknown }>`
          SELECT count(DISTINCT member_id) AS members, count(*) AS templates FROM ${names.templates}
          WHERE namespace = ${toBytes(namespace)}`.execute(db);
        return { members: numberOf(rows[0]?.members), templates: numberOf(rows[0]?.templates) };
      }, call);
    },

    members: (namespace, call) => records.members(namespace, call),

    async buildIndexes(call) {
      const { build } = use();
      if (search === "exact") return;
      for (;;) {
        const due = await namespacesToTend(handle, build, call);
        if (due.length === 0) return;
        let built = true;
        for (const key of due) built = (await builder.finish(build, key, call)) && built;
        if (!built) await pause(lookEachMs);
      }
    },

    async [Symbol.asyncDispose]() {
      await builder.close(handle);
      await records[Symbol.asyncDispose]();
      await handle.release();
    },
  };
}

function checkedHnsw(given: HnswOptions): Required<HnswOptions> {
  checkKeys("hnsw", given, Object.keys(hnswDefaults));
  const options = { ...hnswDefaults, ...given };
  checkNumber("hnsw.from", options.from, { min: 1, max: Number.MAX_SAFE_INTEGER, integer: true });
  checkNumber("hnsw.m", options.m, { min: 2, max: 100, integer: true });
  checkNumber("hnsw.efConstruction", options.efConstruction, { min: 2 * options.m, max: 1000, integer: true });
  checkNumber("hnsw.efSearch", options.efSearch, { min: 1, max: 1000, integer: true });
  checkNumber("hnsw.buildMemoryMiB", options.buildMemoryMiB, { min: 1, max: 2_097_151, integer: true });
  return options;
}
