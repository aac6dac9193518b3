import { PGlite } from "@electric-sql/pglite";
import { afterAll, beforeAll } from "vitest";
import { postgresStore } from "../src/index.js";
import { longIds } from "./long-ids.js";
import { newName, storeSuites } from "./store-suites.js";

let pglite: PGlite;
beforeAll(async () => {
  pglite = await PGlite.create();
});
afterAll(() => pglite.close());

const open = (schema: string) => postgresStore({ pglite, schema });
storeSuites({ make: newName, open });
longIds({ make: newName, open });
