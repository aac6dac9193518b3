import { FaceKitError } from "@facekit/core";
import { sqlStateOf, type Tables } from "@facekit/store-sql/postgres";
import { type Kysely, sql } from "kysely";
import { adapterId } from "./adapter-id.js";

/** The first version with iterative index scans. */
const leastVersion = [0, 8] as const;

/** SQLSTATEs. */
const insufficientPrivilege = "42501";
const [uniqueViolation, duplicateObject] = ["23505", "42710"];

/**
 * Makes the extension where it is missing, and tells the schema in which its types lie: a host may keep extensions apart.
 * Rejects with `not-supported` and the command that brings it; retryably where another made it at the same time.
 */
export async function prepareExtension(db: Kysely<Tables>, store: string, pglite: boolean): Promise<string> {
  const held = (await installed(db)) ?? (await create(db, store, pglite));
  const [major = 0, minor = 0] = held.version.split(".").map(Number);
  if (major > leastVersion[0] || minor >= leastVersion[1]) return held.schema;
  throw refusal(
    `The extension "vector" of "${store}" is of version ${held.version}; 0.8 or newer is wanted. Run there: ALTER EXTENSION vector UPDATE`,
  );
}

interface Installed {
  readonly version: string;
  readonly schema: string;
}

async function installed(db: Kysely<Tables>): Promise<Installed | undefined> {
  const { rows } = await sql<Installed>`
    SELECT extversion AS version, nspname AS schema
    FROM pg_extension JOIN pg_namespace ON pg_namespace.oid = extnamespace WHERE extname = 'vector'`.execute(db);
  return rows[0];
}

async function create(db: Kysely<Tables>, store: string, pglite: boolean): Promise<Installed> {
  const { rows } = await sql`SELECT 1 FROM pg_available_extensions WHERE name = 'vector'`.execute(db);
  if (rows.length === 0) {
    throw refusal(
      pglite
        ? `This PGlite has no pgvector. Run: npm install @electric-sql/pglite-pgvector; then PGlite.create({ extensions: { vector } })`
        : `"${store}" has no pgvector. Install it on the server, on Debian and Ubuntu with PostgreSQL's own packages: apt-get install postgresql-17-pgvector; or run: docker run -e POSTGRES_PASSWORD=secret -p 5432:5432 pgvector/pgvector:pg17`,
    );
  }
  await sql`CREATE EXTENSION IF NOT EXISTS vector`.execute(db).catch((error: unknown) => {
    const state = sqlStateOf(error);
    // IF NOT EXISTS does not see one that another makes at the same time. The next try does.
    if (state === uniqueViolation || state === duplicateObject) {
      const message = `Another made the extension "vector" of "${store}" at the same time. Try again.`;
      throw new FaceKitError("store-unavailable", message, { adapter: adapterId, retryable: true, cause: error });
    }
    if (state !== insufficientPrivilege) throw error;
    throw refusal(`This user may not make extensions in "${store}". Let its owner run there: CREATE EXTENSION vector`);
  });
  const made = await installed(db);
  if (made === undefined) throw refusal(`"${store}" did not make the extension "vector".`);
  return made;
}

function refusal(message: string): FaceKitError {
  return new FaceKitError("not-supported", message, { adapter: adapterId });
}
