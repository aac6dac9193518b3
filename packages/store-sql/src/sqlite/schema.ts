/** "FKIT": marks the file as Facekit's, in the header where `file` and other tools look. */
export const applicationId = 0x464b4954;

/**
 * What takes the schema from version n to n + 1. A released entry is never edited; changes are appended.
 *
 * Times are milliseconds since 1970 UTC. Ids are stored as `orderedText` writes them.
 */
export const migrations: readonly string[] = [
  `
  CREATE TABLE space (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    id TEXT NOT NULL,
    dimensions INTEGER NOT NULL
  ) STRICT;

  -- The last write in each namespace; the greatest of all is the store's revision.
  CREATE TABLE namespaces (
    namespace TEXT PRIMARY KEY,
    revision INTEGER NOT NULL UNIQUE
  ) STRICT, WITHOUT ROWID;

  -- Slots of one size, written over and never deleted: see vector-slots.ts.
  CREATE TABLE vectors (
    slot INTEGER PRIMARY KEY,
    vector BLOB NOT NULL -- float32, little-endian; zeros where the slot is free
  ) STRICT;
  CREATE TABLE free_slots (slot INTEGER PRIMARY KEY) STRICT;

  CREATE TABLE templates (
    slot INTEGER PRIMARY KEY,
    namespace TEXT NOT NULL,
    id TEXT NOT NULL,
    member_id TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    source TEXT,
    revision INTEGER NOT NULL,
    checksum INTEGER NOT NULL, -- CRC-32 over the row and its vector
    UNIQUE (namespace, id)
  ) STRICT;
  CREATE INDEX templates_by_member ON templates (namespace, member_id, created_at);
  CREATE INDEX templates_by_revision ON templates (revision, namespace, id);

  -- What an index that is behind must still forget. Nothing of the template is kept.
  CREATE TABLE deletions (
    namespace TEXT NOT NULL,
    id TEXT NOT NULL,
    revision INTEGER NOT NULL,
    PRIMARY KEY (namespace, id)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX deletions_by_revision ON deletions (revision, namespace, id);

  CREATE TABLE members (
    namespace TEXT NOT NULL,
    id TEXT NOT NULL,
    name TEXT,
    email TEXT,
    phone TEXT,
    created_at INTEGER,
    PRIMARY KEY (namespace, id)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE purchases (
    namespace TEXT NOT NULL,
    member_id TEXT NOT NULL,
    id TEXT NOT NULL,
    product TEXT NOT NULL,
    quantity REAL NOT NULL,
    total TEXT NOT NULL, -- decimal
    currency TEXT NOT NULL,
    at INTEGER,
    PRIMARY KEY (namespace, member_id, id),
    FOREIGN KEY (namespace, member_id) REFERENCES members (namespace, id) ON DELETE CASCADE
  ) STRICT, WITHOUT ROWID;
  -- Those without a date last: the greatest date of ECMAScript, plus one.
  CREATE INDEX purchases_by_time ON purchases (namespace, member_id, coalesce(at, 8640000000000001), id);

  CREATE TABLE visits (
    namespace TEXT NOT NULL,
    key TEXT NOT NULL,
    member_id TEXT NOT NULL,
    at INTEGER NOT NULL,
    time_zone TEXT NOT NULL,
    place TEXT,
    session TEXT,
    similarity REAL,
    PRIMARY KEY (namespace, key)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX visits_by_time ON visits (namespace, at, key);
  CREATE INDEX visits_by_member ON visits (namespace, member_id, at, key);
  `,
  `
  -- The snapshot of a search index that lies beside the file: see snapshot-storage.ts.
  CREATE TABLE snapshot (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    id TEXT, -- NULL where there is none
    revision INTEGER NOT NULL, -- that it holds
    erased_at INTEGER NOT NULL -- the last revision that erased or replaced a template
  ) STRICT;
  INSERT INTO snapshot (only_row, revision, erased_at) VALUES (1, 0, 0);
  `,
];
