import type { PostgresMigrations } from "@facekit/store-sql/postgres";

/**
 * Search rows beside the templates, made of these alone.
 *
 * One table, with an HNSW index of its own for each large namespace (`WHERE namespace = key`) and none for the small, which
 * are searched exactly through the index by member. Not a partition for each namespace: 10,000 of them would be 10,000
 * tables of three indexes each, and making one locks out every search. Not a partition for each hash of the namespace: of
 * a graph over many namespaces a search of one visits mostly rows of others.
 *
 * Vectors lie in their rows and not in TOAST, where a search would have to fetch each.
 */
export function searchTables(extensionSchema: string, dimensions: number): PostgresMigrations {
  const halfvec = `"${extensionSchema.replaceAll('"', '""')}".halfvec(${dimensions})`;
  return {
    name: "store-pgvector",
    steps: [
      [
        `CREATE TABLE search_state (
           only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
           revision bigint NOT NULL -- of the templates of which the search rows are made
         )`,
        "INSERT INTO search_state (revision) VALUES (0)",
        `CREATE TABLE search_namespaces (
           key integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
           namespace bytea NOT NULL UNIQUE,
           size bigint NOT NULL -- how many search rows there are
         )`,
        `CREATE TABLE search_rows (
           namespace integer NOT NULL,
           member_id bytea NOT NULL,
           template_id bytea NOT NULL, -- empty where the row is the mean of the member's templates
           vector ${halfvec} NOT NULL,
           PRIMARY KEY (namespace, member_id, template_id)
         ) WITH (toast_tuple_target = 8160)`,
        "CREATE INDEX search_rows_by_template ON search_rows (namespace, template_id)",
      ],
    ],
  };
}
