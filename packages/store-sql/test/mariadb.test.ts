import { createConnection } from "mysql2/promise";
import { describe, onTestFinished } from "vitest";
import { mysqlStore } from "../src/index.js";
import { longIds } from "./long-ids.js";
import { newName, serverUrl, storeSuites } from "./store-suites.js";

const server = serverUrl("MARIADB_URL", /^(mysql|mariadb)/);

describe.skipIf(server === "")(
  "MariaDB (wants MARIADB_URL: node scripts/servers.mjs --install mariadb -- npm test)",
  () => {
    const run = async (statement: string): Promise<void> => {
      const connection = await createConnection({ uri: server });
      await connection.query(statement);
      await connection.end();
    };
    const make = async (): Promise<string> => {
      const url = new URL(server);
      const database = newName();
      url.pathname = `/${database}`;
      await run(`CREATE DATABASE ${database}`);
      onTestFinished(() => run(`DROP DATABASE ${database}`));
      return url.href;
    };
    const open = (url: string) => mysqlStore({ url });
    storeSuites({ make, open });
    longIds({ make, open });
  },
);
