import { join } from "node:path";
import { damagedFilesConformance, faultyServerConformance, type OpenAt } from "@facekit/conformance/faults";
import type { FaceRecords } from "@facekit/core";
import { createConnection } from "mysql2/promise";
import pg from "pg";
import { describe, onTestFinished, test } from "vitest";
import { mysqlStore, postgresStore, type SqlStore, sqliteStore } from "../src/index.js";
import { newName, serverUrl } from "./store-suites.js";

/** The templates of a store, which is closed with them. */
function recordsOf(store: SqlStore): FaceRecords {
  return { ...store.faceRecords, [Symbol.asyncDispose]: () => store[Symbol.asyncDispose]() };
}

/** Suites that are skipped are set up nevertheless. */
const nowhere = "none://127.0.0.1:1/";

const postgres = serverUrl("POSTGRES_URL", /^postgres/);
describe.skipIf(postgres === "")(
  "PostgreSQL behind a faulty connection (wants POSTGRES_URL: node scripts/servers.mjs --install postgres -- npm test)",
  () => {
    const create = (): OpenAt => {
      const schema = newName();
      onTestFinished(async () => {
        const client = new pg.Client({ connectionString: postgres });
        await client.connect();
        await client.query(`DROP SCHEMA IF EXISTS "${schema}" CASCADE`);
        await client.end();
      });
      return (url) => recordsOf(postgresStore({ url, schema, retryMs: 1000 }));
    };
    faultyServerConformance({ test, url: postgres || nowhere, create });
  },
);

const mariadb = serverUrl("MARIADB_URL", /^(mysql|mariadb)/);
describe.skipIf(mariadb === "")(
  "MariaDB behind a faulty connection (wants MARIADB_URL: node scripts/servers.mjs --install mariadb -- npm test)",
  () => {
    const create = async (): Promise<OpenAt> => {
      const database = newName();
      const run = async (statement: string): Promise<void> => {
        const connection = await createConnection({ uri: mariadb });
        await connection.query(statement);
        await connection.end();
      };
      await run(`CREATE DATABASE ${database}`);
      onTestFinished(() => run(`DROP DATABASE ${database}`));
      return (at) => {
        const url = new URL(at);
        url.pathname = `/${database}`;
        return recordsOf(mysqlStore({ url: url.href, retryMs: 1000 }));
      };
    };
    faultyServerConformance({ test, url: mariadb || nowhere, create });
  },
);

damagedFilesConformance({ test, open: (folder) => recordsOf(sqliteStore(join(folder, "members.db"))) });
