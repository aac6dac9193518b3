/**
 * What takes the tables from version n to n + 1, statement by statement. A released step is never edited; steps are
 * appended. MySQL cannot undo them, so each may be run again.
 *
 * Ids lie as UTF-16 bytes, at most 1,024: three of them fit the 3,072 bytes of a key.
 */
const table = (name: string, columns: string): string =>
  `CREATE TABLE IF NOT EXISTS ${name} (${columns}) ENGINE = InnoDB ROW_FORMAT = DYNAMIC CHARSET = utf8mb4 COLLATE = utf8mb4_bin`;

const stored = "VARBINARY(1024) NOT NULL";

export const migrations: readonly (readonly string[])[] = [
  [
    table(
      "space",
      `only_row INT PRIMARY KEY,
      id LONGTEXT NOT NULL,
      dimensions INT NOT NULL`,
    ),
    table(
      "namespaces",
      `namespace ${stored} PRIMARY KEY,
      revision BIGINT NOT NULL UNIQUE`,
    ),
    table(
      "templates",
      `namespace ${stored},
      id ${stored},
      member_id ${stored},
      created_at BIGINT NOT NULL,
      source LONGTEXT,
      revision BIGINT NOT NULL,
      checksum BIGINT NOT NULL,
      vector MEDIUMBLOB NOT NULL,
      PRIMARY KEY (namespace, id),
      KEY templates_by_member (namespace, member_id, created_at),
      KEY templates_by_revision (revision, namespace, id)`,
    ),
    table(
      "deletions",
      `namespace ${stored},
      id ${stored},
      revision BIGINT NOT NULL,
      PRIMARY KEY (namespace, id),
      KEY deletions_by_revision (revision, namespace, id)`,
    ),
    table(
      "members",
      `namespace ${stored},
      id ${stored},
      name LONGTEXT,
      email LONGTEXT,
      phone LONGTEXT,
      created_at BIGINT,
      PRIMARY KEY (namespace, id)`,
    ),
    table(
      "purchases",
      `namespace ${stored},
      member_id ${stored},
      id ${stored},
      product LONGTEXT NOT NULL,
      quantity DOUBLE NOT NULL,
      total LONGTEXT NOT NULL,
      currency LONGTEXT NOT NULL,
      at BIGINT,
      PRIMARY KEY (namespace, member_id, id),
      FOREIGN KEY (namespace, member_id) REFERENCES members (namespace, id) ON DELETE CASCADE`,
    ),
    table(
      "visits",
      `namespace ${stored},
      \`key\` ${stored},
      member_id ${stored},
      at BIGINT NOT NULL,
      time_zone LONGTEXT NOT NULL,
      place LONGTEXT,
      session LONGTEXT,
      similarity DOUBLE,
      PRIMARY KEY (namespace, \`key\`),
      KEY visits_by_time (namespace, at, \`key\`),
      KEY visits_by_member (namespace, member_id, at)`,
    ),
  ],
];
