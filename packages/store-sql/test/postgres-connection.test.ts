import { inspect } from "node:util";
import { PGlite } from "@electric-sql/pglite";
import { sql } from "kysely";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { type PostgresConnectionOptions, postgresConnection } from "../src/postgres.js";
import { newName, serverUrl } from "./store-suites.js";

interface Tables {
  notes: { id: string; text: string };
}

const adapter = "test-adapter";
const steps: readonly string[][] = [["CREATE TABLE notes (id text PRIMARY KEY, text text NOT NULL)"]];
const url = serverUrl("POSTGRES_URL", /^postgres/);

function open(options: PostgresConnectionOptions, more: readonly string[][] = []) {
  const connection = postgresConnection<Tables>(adapter, options, { name: "notes", steps: [...steps, ...more] });
  const handle = connection.handle();
  onTestFinished(() => handle.release());
  return handle;
}

const onServer = async (): Promise<PostgresConnectionOptions & { url: string; schema: string }> => {
  const schema = newName();
  onTestFinished(async () => {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    await client.query(`DROP SCHEMA IF EXISTS "${schema}" CASCADE`);
    await client.end();
  });
  return { url: url, schema };
};

function behaviour(source: () => Promise<PostgresConnectionOptions>): void {
  test("writes in transactions, all or nothing, and reads them", async () => {
    const { read, write } = open(await source());
    const count = await write(async (db) => {
      await db.insertInto("notes").values({ id: "1", text: "a" }).execute();
      const changed = await db.updateTable("notes").set({ text: "b" }).executeTakeFirst();
      return changed.numUpdatedRows;
    });
    expect(count).toBe(1n);
    const failure = new Error("no");
    const failing = write(async (db) => {
      await db.deleteFrom("notes").execute();
      throw failure;
    });
    await expect(failing).rejects.toBe(failure);
    expect(await read((db) => db.selectFrom("notes").selectAll().execute())).toEqual([{ id: "1", text: "b" }]);
  });

  test("keeps 20 transactions at a time apart", async () => {
    const { read, write } = open(await source());
    await write((db) => db.insertInto("notes").values({ id: "n", text: "0" }).execute());
    const increment = () =>
      write(async (db) => {
        const { text } = await db.selectFrom("notes").select("text").forUpdate().executeTakeFirstOrThrow();
        await db
          .updateTable("notes")
          .set({ text: `${Number(text) + 1}` })
          .execute();
      });
    await Promise.all(Array.from({ length: 20 }, increment));
    expect(await read((db) => db.selectFrom("notes").select("text").execute())).toEqual([{ text: "20" }]);
  });

  test("migrates from version to version, two openers at once, and refuses a newer version", async () => {
    const options = await source();
    await open(options).write((db) => db.insertInto("notes").values({ id: "1", text: "kept" }).execute());
    const more = [["ALTER TABLE notes ADD COLUMN mood text", "UPDATE notes SET mood = 'fine'"]];
    const both = [open(options, more), open(options, more)];
    const rows = await Promise.all(both.map(({ read }) => read((db) => db.selectFrom("notes").selectAll().execute())));
    expect(rows.flat()).toEqual(Array(2).fill({ id: "1", text: "kept", mood: "fine" }));
    const old = open(options).read((db) => db.selectFrom("notes").selectAll().execute());
    await expect(old).rejects.toMatchObject({ code: "not-supported", adapter });
  });

  test("makes its tables once, however many open at once", async () => {
    for (let round = 0; round < 4; round++) {
      const options = await source();
      const openers = Array.from({ length: 6 }, () => open(options));
      const rows = await Promise.all(
        openers.map(({ read }) => read((db) => db.selectFrom("notes").selectAll().execute())),
      );
      expect(rows.flat()).toEqual([]);
    }
  });

  test("maps what the database answers by its SQLSTATE", async () => {
    const { write } = open({ ...(await source()), retryMs: 200 });
    const raise = (state: string) =>
      write((db) => sql.raw(`DO $$ BEGIN RAISE EXCEPTION 'raised' USING ERRCODE = '${state}'; END $$`).execute(db));
    await expect(raise("53100")).rejects.toMatchObject({ code: "store-full", retryable: false });
    await expect(raise("40001")).rejects.toMatchObject({ code: "store-unavailable", retryable: true });
    await expect(raise("28000")).rejects.toMatchObject({ code: "store-unavailable", retryable: false });
    await expect(raise("XX001")).rejects.toMatchObject({ code: "store-corrupt" });
  });

  test("shows no values in its errors", async () => {
    const { write } = open({ ...(await source()), retryMs: 0 });
    const insert = () => write((db) => db.insertInto("notes").values({ id: "1", text: "se\u00adcret" }).execute());
    await insert();
    const error: unknown = await insert().catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: "store-unavailable" });
    expect(inspect(error, { depth: 9, showHidden: true })).not.toContain("se\u00adcret");
  });

  test("repeats a transaction after a serialization failure", async () => {
    const { write } = open(await source());
    let attempts = 0;
    await write(async (db) => {
      const raise = "DO $$ BEGIN RAISE EXCEPTION 'raised' USING ERRCODE = '40001'; END $$";
      if (attempts++ < 2) await sql.raw(raise).execute(db);
    });
    expect(attempts).toBe(3);
  });

  test("rejects with the signal's reason, and writes nothing of it", async () => {
    const { read, write } = open(await source());
    const controller = new AbortController();
    const reason = new Error("enough");
    const writing = write(
      async (db) => {
        await db.insertInto("notes").values({ id: "1", text: "a" }).execute();
        controller.abort(reason);
      },
      { signal: controller.signal },
    );
    await expect(writing).rejects.toBe(reason);
    expect(await read((db) => db.selectFrom("notes").selectAll().execute())).toEqual([]);
  });

  test("is closed after the release of a handle; others go on", async () => {
    const connection = postgresConnection<Tables>(adapter, await source(), { name: "notes", steps });
    const [one, two] = [connection.handle(), connection.handle()];
    const all = (handle: typeof one) => handle.read((db) => db.selectFrom("notes").selectAll().execute());
    await one.release();
    await one.release();
    await expect(all(one)).rejects.toMatchObject({ code: "closed" });
    expect(await all(two)).toEqual([]);
    await two.release();
  });
}

describe("PGlite", () => {
  let pglite: PGlite;
  beforeAll(async () => {
    pglite = await PGlite.create();
  });
  afterAll(() => pglite.close());

  behaviour(async () => ({ pglite, schema: newName() }));
});

describe.skipIf(url === "")(
  "PostgreSQL (wants POSTGRES_URL: node scripts/servers.mjs --install postgres -- npm test)",
  () => {
    behaviour(onServer);

    test("opens another connection when the server ended the one that it had, even while it was in use", async () => {
      const { read, write } = open(await onServer());
      let attempts = 0;
      await write(async (db) => {
        await db.insertInto("notes").values({ id: "1", text: "a" }).execute();
        if (attempts++ === 0) {
          await sql`SELECT pg_terminate_backend(pg_backend_pid())`.execute(db);
        }
      });
      expect(attempts).toBe(2);
      expect(await read((db) => db.selectFrom("notes").select("id").execute())).toEqual([{ id: "1" }]);
    });

    test("gives up a statement that takes too long, and goes on with another connection", async () => {
      const { read } = open({ ...(await onServer()), statementTimeoutMs: 300, retryMs: 0 });
      await read((db) => db.selectFrom("notes").selectAll().execute());
      const slow = read((db) => sql`SELECT pg_sleep(5)`.execute(db));
      await expect(slow).rejects.toMatchObject({ code: "store-unavailable", retryable: true });
      expect(await read((db) => db.selectFrom("notes").selectAll().execute())).toEqual([]);
    });

    test("works on a pool of the caller's, and leaves it open", async () => {
      const { schema } = await onServer();
      const pool = new pg.Pool({ connectionString: url });
      onTestFinished(() => pool.end());
      const handle = open({ pool, schema });
      expect(await handle.read((db) => db.selectFrom("notes").selectAll().execute())).toEqual([]);
      await handle.release();
      expect((await pool.query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
    });
  },
);

test("a server that is not there is tried for a while, then told of, without the password", async () => {
  const { read } = open({ url: "postgres://anna:secret@127.0.0.1:9/members", retryMs: 100 });
  const reading = read((db) => db.selectFrom("notes").selectAll().execute());
  await expect(reading).rejects.toMatchObject({ code: "store-unavailable", retryable: true });
  await expect(reading).rejects.toThrow(/postgres:\/\/127\.0\.0\.1:9\/members/);
  await expect(reading).rejects.not.toThrow(/secret/);
});

test.each([
  [{}, /one of url, pool and pglite/],
  [{ url: "mysql://host/db" }, /url wants "postgres:/],
  [{ url: "nonsense" }, /got no URL/],
  [{ url: "postgres://host/db", schema: "é".repeat(32) }, /at most 63 bytes/],
  [{ url: "postgres://host/db", statementTimeoutMs: 0 }, /statementTimeoutMs/],
])("options that do not fit: %j", (options, message) => {
  expect(() => postgresConnection(adapter, options, { name: "notes", steps })).toThrow(message);
});
