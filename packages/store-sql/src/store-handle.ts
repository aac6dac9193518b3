import type { Handle } from "./connection.js";
import type { Executor } from "./runners.js";
import type { Tables } from "./tables.js";

/** What the parts of a store need of a handle: they run queries that were compiled before. */
export type StoreHandle<Writing extends Executor = Executor> = Handle<Tables, Executor, Writing>;
