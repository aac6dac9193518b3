import type { PostgresMigrations } from "./migrations.js";

/**
 * Ids lie as UTF-16 bytes, at most 1,024: three of them are more than the 2,704 bytes that an entry of a B-tree holds.
 * Vectors lie in their rows and not in TOAST, where each would cost another look-up, and are not compressed.
 */
export const recordMigrations: PostgresMigrations = {
  name: "records",
  steps: [
    [
      `CREATE TABLE space (
        only_row integer PRIMARY KEY CHECK (only_row = 1),
        id text NOT NULL,
        dimensions integer NOT NULL
      )`,
      `CREATE TABLE namespaces (
        namespace bytea PRIMARY KEY,
        revision bigint NOT NULL UNIQUE
      )`,
      `CREATE TABLE templates (
        namespace bytea NOT NULL,
        id bytea NOT NULL,
        member_id bytea NOT NULL,
        created_at bigint NOT NULL,
        source text,
        revision bigint NOT NULL,
        checksum bigint NOT NULL,
        vector bytea NOT NULL,
        PRIMARY KEY (namespace, id)
      ) WITH (toast_tuple_target = 8160)`,
      "ALTER TABLE templates ALTER COLUMN vector SET STORAGE EXTERNAL",
      "CREATE INDEX templates_by_member ON templates (namespace, member_id, created_at)",
      "CREATE INDEX templates_by_revision ON templates (revision, namespace, id)",
      `CREATE TABLE deletions (
        namespace bytea NOT NULL,
        id bytea NOT NULL,
        revision bigint NOT NULL,
        PRIMARY KEY (namespace, id)
      )`,
      "CREATE INDEX deletions_by_revision ON deletions (revision, namespace, id)",
      `CREATE TABLE members (
        namespace bytea NOT NULL,
        id bytea NOT NULL,
        name text,
        email text,
        phone text,
        created_at bigint,
        PRIMARY KEY (namespace, id)
      )`,
      `CREATE TABLE purchases (
        namespace bytea NOT NULL,
        member_id bytea NOT NULL,
        id bytea NOT NULL,
        product text NOT NULL,
        quantity double precision NOT NULL,
        total text NOT NULL,
        currency text NOT NULL,
        at bigint,
        FOREIGN KEY (namespace, member_id) REFERENCES members (namespace, id) ON DELETE CASCADE
      )`,
      "CREATE UNIQUE INDEX purchases_once ON purchases (namespace, sha256(member_id), id)",
      "CREATE INDEX purchases_by_member ON purchases (namespace, member_id)",
      `CREATE TABLE visits (
        namespace bytea NOT NULL,
        key bytea NOT NULL,
        member_id bytea NOT NULL,
        at bigint NOT NULL,
        time_zone text NOT NULL,
        place text,
        session text,
        similarity double precision,
        PRIMARY KEY (namespace, key)
      )`,
      "CREATE INDEX visits_by_time ON visits (namespace, at, key)",
      "CREATE INDEX visits_by_member ON visits (namespace, member_id, at)",
    ],
  ],
};
