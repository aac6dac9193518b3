import { FaceKitError } from "@facekit/core";
import { type Kysely, sql } from "kysely";
import { adapterId, Damage } from "../failures.js";
import type { Tables } from "../tables.js";
import { numberOf } from "../values.js";
import { migrations } from "./schema.js";

/** Makes the tables or brings them to the present version. Whoever comes meanwhile waits. Throws raw errors and `FaceKitError`. */
export async function migrateMysql(db: Kysely<Tables>, store: string): Promise<void> {
  if ((await exists(db, "facekit_versions")) && (await versionOf(db, store)) === migrations.length) return;
  await db.connection().execute(async (connection) => {
    const lock = sql`concat('facekit ', left(sha2(database(), 256), 40))`;
    const taken = await sql<{ got: unknown }>`SELECT get_lock(${lock}, 20) AS got`.execute(connection);
    if (Number(taken.rows[0]?.got) !== 1) {
      const message = `Another process is changing the tables of "${store}". Try again.`;
      throw new FaceKitError("store-unavailable", message, { adapter: adapterId, retryable: true });
    }
    try {
      await migrate(connection, store);
    } finally {
      await sql`SELECT release_lock(${lock}) AS done`.execute(connection);
    }
  });
}

async function migrate(db: Kysely<Tables>, store: string): Promise<void> {
  if (!(await exists(db, "facekit_versions"))) {
    if (await exists(db)) throw new Damage("it holds the tables of another program");
    await sql`CREATE TABLE facekit_versions (name VARCHAR(64) PRIMARY KEY, version INT NOT NULL) ENGINE = InnoDB`.execute(
      db,
    );
  }
  for (let version = await versionOf(db, store); version < migrations.length; version++) {
    for (const statement of migrations[version] ?? []) await sql.raw(statement).execute(db);
    await sql`INSERT INTO facekit_versions (name, version) VALUES ('records', ${version + 1})
      ON DUPLICATE KEY UPDATE version = VALUES(version)`.execute(db);
  }
}

/** Whether the database holds this table, or any. */
async function exists(db: Kysely<Tables>, table?: string): Promise<boolean> {
  const named = table === undefined ? sql`1 = 1` : sql`table_name = ${table}`;
  const { rows } = await sql<{ tables: unknown }>`SELECT count(*) AS tables FROM information_schema.tables
    WHERE table_schema = database() AND ${named}`.execute(db);
  return numberOf(rows[0]?.tables ?? 0) > 0;
}

async function versionOf(db: Kysely<Tables>, store: string): Promise<number> {
  const { rows } = await sql<{ version: unknown }>`SELECT version FROM facekit_versions WHERE name = 'records'`.execute(
    db,
  );
  const version = numberOf(rows[0]?.version ?? 0);
  if (version <= migrations.length) return version;
  throw new FaceKitError(
    "not-supported",
    `"${store}" was written by a newer Facekit (schema ${version}, this one knows ${migrations.length}). Update @facekit/store-sql, or use another database.`,
    { adapter: adapterId },
  );
}
