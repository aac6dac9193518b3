import { FaceKitError } from "@facekit/core";
import { type Kysely, sql } from "kysely";

/** The tables of one adapter. Two adapters may share a schema. */
export interface PostgresMigrations {
  /** Under which the version is kept. */
  readonly name: string;
  /**
   * What takes the tables from version n to n + 1, statement by statement. A released step is never edited; steps are
   * appended. Names without a schema are those of the connection's schema.
   */
  readonly steps: readonly (readonly string[])[];
}

/** "FKIT": no other program takes this lock. */
const lockKey = 0x464b4954;

/** Makes the schema or brings it to the present version. Whoever comes meanwhile waits. Throws raw errors and `FaceKitError`. */
export async function migratePostgres<Tables>(
  db: Kysely<Tables>,
  schema: string,
  { name, steps }: PostgresMigrations,
  naming: { readonly adapter: string; readonly store: string },
): Promise<void> {
  const versions = sql.id(schema, "versions");
  const versionOf = async (on: Kysely<Tables>): Promise<number> => {
    const found = await sql<{ version: number }>`SELECT version FROM ${versions} WHERE name = ${name}`.execute(on);
    const version = found.rows[0]?.version ?? 0;
    if (version <= steps.length) return version;
    throw new FaceKitError(
      "not-supported",
      `"${naming.store}" was written by a newer Facekit (schema ${version}, this one knows ${steps.length}). Update the package, or use another schema.`,
      { adapter: naming.adapter },
    );
  };
  /** By the catalogue and not by `to_regclass`, whose caches may be older than a lock that was waited for. */
  const exists = async (on: Kysely<Tables>): Promise<boolean> => {
    const named = sql`SELECT 1 FROM pg_catalog.pg_tables WHERE schemaname = ${sql.lit(schema)} AND tablename = 'versions'`;
    return (await named.execute(on)).rows.length > 0;
  };
  // No lock, and no right to make anything, is needed where all is done.
  if ((await exists(db)) && (await versionOf(db)) === steps.length) return;

  await db.transaction().execute(async (transaction) => {
    await sql`SELECT pg_advisory_xact_lock(${sql.lit(lockKey)})`.execute(transaction);
    if (!(await exists(transaction))) {
      await sql`CREATE SCHEMA IF NOT EXISTS ${sql.id(schema)}`.execute(transaction);
      await sql`CREATE TABLE ${versions} (name text PRIMARY KEY, version integer NOT NULL)`.execute(transaction);
    }
    const version = await versionOf(transaction);
    const path = sql`format('%I, %s', ${sql.lit(schema)}::text, current_setting('search_path'))`;
    await sql`SELECT set_config('search_path', ${path}, true)`.execute(transaction);
    for (const statement of steps.slice(version).flat()) await sql.raw(statement).execute(transaction);
    await sql`INSERT INTO ${versions} (name, version) VALUES (${name}, ${steps.length})
      ON CONFLICT (name) DO UPDATE SET version = excluded.version`.execute(transaction);
  });
}
