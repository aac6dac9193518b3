import { createConnection, createPool } from "mysql2/promise";
import { describe, expect, onTestFinished, test } from "vitest";
import { type MysqlStoreOptions, mysqlStore } from "../src/index.js";
import { newName, serverUrl } from "./store-suites.js";
import { collect, recordOf, space } from "./support.js";

const server = serverUrl("MARIADB_URL", /^(mysql|mariadb)/);

async function run(statement: string, url = server): Promise<unknown> {
  const connection = await createConnection({ uri: url });
  try {
    const [rows] = await connection.query(statement);
    return rows;
  } finally {
    await connection.end();
  }
}

async function newDatabase(): Promise<string> {
  const url = new URL(server);
  const name = newName();
  url.pathname = `/${name}`;
  await run(`CREATE DATABASE ${name}`);
  onTestFinished(async () => {
    await run(`DROP DATABASE ${name}`);
  });
  return url.href;
}

function open(options: MysqlStoreOptions) {
  const store = mysqlStore(options);
  onTestFinished(() => store[Symbol.asyncDispose]());
  return store;
}

const why = "MariaDB (wants MARIADB_URL: node scripts/servers.mjs --install mariadb -- npm test)";

describe.skipIf(server === "")(why, () => {
  test("makes its tables once, however many open at once", async () => {
    const url = await newDatabase();
    const stores = Array.from({ length: 5 }, () => open({ url }));
    await Promise.all(stores.map(({ members }, i) => members.put("gym", { id: `${i}` })));
    expect(await collect(open({ url }).members.list("gym"))).toHaveLength(5);
  });

  test("refuses the database of another program, and leaves it as it is", async () => {
    const url = await newDatabase();
    await run("CREATE TABLE members (mine INT)", url);
    await expect(open({ url }).members.put("gym", { id: "anna" })).rejects.toMatchObject({ code: "store-corrupt" });
    expect(await run("SHOW TABLES", url)).toHaveLength(1);
  });

  test("refuses tables of a newer version", async () => {
    const url = await newDatabase();
    await open({ url }).members.put("gym", { id: "anna" });
    await run("UPDATE facekit_versions SET version = 99", url);
    await expect(open({ url }).members.get("gym", "anna")).rejects.toMatchObject({ code: "not-supported" });
  });

  test("tells of a database that is not there", async () => {
    const url = new URL(server);
    url.pathname = "/facekit_none";
    const reading = open({ url: url.href }).members.get("gym", "anna");
    await expect(reading).rejects.toMatchObject({ code: "store-unavailable", retryable: false });
  });

  test("opens other connections when the server ended those that it had", async () => {
    const url = await newDatabase();
    const { faceRecords } = open({ url });
    await faceRecords.open(space);
    const database = new URL(url).pathname.slice(1);
    for (let i = 0; i < 5; i++) {
      const rows = await run(`SELECT id FROM information_schema.processlist WHERE db = '${database}'`);
      for (const row of Array.isArray(rows) ? rows : []) await run(`KILL ${Number(row.id)}`).catch(() => undefined);
      await faceRecords.put("gym", [recordOf(`t${i}`, "anna", i)]);
    }
    expect(await collect(faceRecords.scan("gym"))).toHaveLength(5);
  });

  test("notices a byte that changed in a vector", async () => {
    const url = await newDatabase();
    const { faceRecords } = open({ url });
    await faceRecords.open(space);
    await faceRecords.put("gym", [recordOf("t1", "anna", 1)]);
    await run("UPDATE templates SET vector = INSERT(vector, 5, 1, CHAR(ASCII(SUBSTR(vector, 5, 1)) ^ 1))", url);
    await expect(collect(faceRecords.scan("gym"))).rejects.toMatchObject({ code: "store-corrupt" });
  });

  test("works on a pool of the caller's, and leaves it open", async () => {
    const pool = createPool({ uri: await newDatabase() });
    onTestFinished(() => pool.end());
    {
      await using store = mysqlStore({ pool });
      await store.members.put("gym", { id: "anna", name: "Anna" });
    }
    const [rows] = await pool.query("SELECT name FROM members");
    expect(rows).toEqual([{ name: "Anna" }]);
  });
});

test("a server that is not there is tried for a while, then told of, without the password", async () => {
  const { members } = open({ url: "mysql://anna:secret@127.0.0.1:9/members", retryMs: 100 });
  const reading = members.get("gym", "anna");
  await expect(reading).rejects.toMatchObject({ code: "store-unavailable", retryable: true });
  await expect(reading).rejects.toThrow(/mysql:\/\/127\.0\.0\.1:9\/members/);
  await expect(reading).rejects.not.toThrow(/secret/);
});

test.each([
  [{}, /one of url and pool/],
  [{ url: "postgres://host/db" }, /url wants "mysql:/],
  [{ url: "mysql://host" }, /url wants "mysql:.*database/],
  [{ url: "nonsense" }, /got no URL/],
  [{ url: "mysql://host/db", retryMs: -1 }, /retryMs/],
  [{ url: "mysql://host/db", retries: 1 }, /no option "retries"/],
])("options that do not fit: %j", (options, message) => {
  expect(() => mysqlStore(options)).toThrow(message);
});
