import { sqliteStore } from "../src/index.js";
import { longIds } from "./long-ids.js";
import { storeSuites } from "./store-suites.js";
import { temporaryFile } from "./support.js";

const places = { make: temporaryFile, open: (file: string) => sqliteStore(file) };
storeSuites(places);
longIds(places);
