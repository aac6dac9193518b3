import { type RawBuilder, sql } from "kysely";

/** What stands in statements for the tables of a store and for what pgvector brings. */
export interface Names {
  readonly schema: string;
  /** Of store-sql. */
  readonly templates: RawBuilder<unknown>;
  readonly deletions: RawBuilder<unknown>;
  readonly revisions: RawBuilder<unknown>;
  /** Of this package: see schema.ts. */
  readonly state: RawBuilder<unknown>;
  readonly namespaces: RawBuilder<unknown>;
  readonly rows: RawBuilder<unknown>;
  /** The type of a search row's vector, with its dimensions. */
  readonly halfvec: RawBuilder<unknown>;
  /** The operator whose result is the negative inner product. */
  readonly distance: RawBuilder<unknown>;
  /** The class of operators of an index for it. */
  readonly operators: RawBuilder<unknown>;
}

/** `extension`: the schema in which pgvector's types lie. */
export function namesOf(schema: string, extension: string, dimensions: number): Names {
  return {
    schema,
    templates: sql.id(schema, "templates"),
    deletions: sql.id(schema, "deletions"),
    revisions: sql.id(schema, "namespaces"),
    state: sql.id(schema, "search_state"),
    namespaces: sql.id(schema, "search_namespaces"),
    rows: sql.id(schema, "search_rows"),
    halfvec: sql`${sql.id(extension, "halfvec")}(${sql.lit(dimensions)})`,
    distance: sql`OPERATOR(${sql.id(extension)}.<#>)`,
    operators: sql.id(extension, "halfvec_ip_ops"),
  };
}

const indexPrefix = "search_rows_hnsw_";

/** A namespace's HNSW index. */
export function indexNameOf(key: number): string {
  return `${indexPrefix}${key}`;
}

/** Whether the HNSW index of the namespace of that key answers searches; NULL where it has none. */
export function indexReady({ schema }: Names, key: RawBuilder<unknown>): RawBuilder<boolean | null> {
  return sql<boolean | null>`(
    SELECT indisvalid FROM pg_index
    WHERE indexrelid = to_regclass(format('%I.%I', ${schema}::text, ${indexPrefix} || coalesce(${key}, 0)))
  )`;
}
