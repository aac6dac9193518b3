import pg from "pg";
import { describe, onTestFinished } from "vitest";
import { postgresStore } from "../src/index.js";
import { longIds } from "./long-ids.js";
import { newName, serverUrl, storeSuites } from "./store-suites.js";

const url = serverUrl("POSTGRES_URL", /^postgres/);

describe.skipIf(url === "")(
  "PostgreSQL (wants POSTGRES_URL: node scripts/servers.mjs --install postgres -- npm test)",
  () => {
    const make = (): string => {
      const schema = newName();
      onTestFinished(async () => {
        const client = new pg.Client({ connectionString: url });
        await client.connect();
        await client.query(`DROP SCHEMA IF EXISTS "${schema}" CASCADE`);
        await client.end();
      });
      return schema;
    };
    const open = (schema: string) => postgresStore({ url, schema });
    storeSuites({ make, open });
    longIds({ make, open });
  },
);
