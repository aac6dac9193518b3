import type { CompiledQuery } from "kysely";
import { Damage } from "./failures.js";
import type { Executor } from "./runners.js";
import { numberOf } from "./values.js";

/** The store's last revision, NULL before the first. */
export interface LastRevision {
  readonly last: number | null;
  /** The same from another place, where the database does not notice damage. */
  readonly told?: number;
}

/** 0 before the first. Throws `Damage` where it is not known. */
export function lastRevisionOf(row: LastRevision | undefined): number {
  const last = numberOf(row?.last ?? 0);
  const told = numberOf(row?.told ?? last);
  if (told !== last) throw new Damage(`its last revision may be ${last} or ${told}`);
  return last;
}

export interface CompletenessQueries {
  readonly revision: CompiledQuery<LastRevision>;
  /** How many templates there are, and the store's last revision. */
  readonly expected: CompiledQuery<LastRevision & { readonly templates: number }>;
}

/** Where something stands in an answer: each part decides where those before it are equal. */
export type Key = readonly (string | number)[];

/**
 * Counts the templates of an answer that is read page by page in the order of its keys. Throws `Damage` at its end where
 * some are missing though nothing was written meanwhile, and where one came twice or out of its order.
 */
export class Completeness<T> {
  readonly #queries: CompletenessQueries | undefined;
  readonly #keyOf: (item: T) => Key;
  readonly #templatesIn: (item: T) => number;
  #revision: number | undefined;
  #last: Key | undefined;
  #seen = 0;

  /** Without queries, every answer is taken for complete. */
  constructor(
    queries: CompletenessQueries | undefined,
    keyOf: (item: T) => Key,
    templatesIn: (item: T) => number = () => 1,
  ) {
    this.#queries = queries;
    this.#keyOf = keyOf;
    this.#templatesIn = templatesIn;
  }

  /** Before each page. */
  async begin(db: Executor): Promise<void> {
    if (this.#queries === undefined || this.#revision !== undefined) return;
    const [row] = (await db.executeQuery(this.#queries.revision)).rows;
    this.#revision = lastRevisionOf(row);
  }

  /** After each page. */
  async add(db: Executor, page: readonly T[], isLast: boolean): Promise<void> {
    if (this.#queries === undefined) return;
    let seen = this.#seen;
    let last = this.#last;
    for (const item of page) {
      const key = this.#keyOf(item);
      if (last !== undefined && !isAfter(key, last)) throw new Damage("its templates are not in their order");
      last = key;
      seen += this.#templatesIn(item);
    }
    if (isLast) {
      const [row] = (await db.executeQuery(this.#queries.expected)).rows;
      const expected = numberOf(row?.templates);
      if (lastRevisionOf(row) === this.#revision && expected !== seen) {
        throw new Damage(`of ${expected} templates, ${seen} are found`);
      }
    }
    this.#seen = seen;
    this.#last = last;
  }
}

function isAfter(key: Key, other: Key): boolean {
  let i = 0;
  for (const part of key) {
    const before = other[i++] ?? "";
    if (part !== before) return part > before;
  }
  return false;
}
