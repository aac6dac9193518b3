import { sql } from "kysely";
import type { TemplateCounts } from "../dialect.js";

/** SQLite has no checksums over pages: those over rows do not tell of entries that an index lost, or put elsewhere. */
export const templateCounts: TemplateCounts = {
  all: sql`(SELECT count(*) FROM templates NOT INDEXED)`,
  ofScan: (namespace) =>
    sql`(SELECT count(*) FROM templates INDEXED BY templates_by_member WHERE namespace = ${namespace})`,
  ofMembers: (namespace) =>
    sql`(SELECT count(*) FROM templates INDEXED BY sqlite_autoindex_templates_1 WHERE namespace = ${namespace})`,
  lastRevision: sql`max(
    coalesce((SELECT max(revision) FROM templates), 0),
    coalesce((SELECT max(revision) FROM deletions), 0)
  )`,
  enrolled: sql`(
    SELECT held.id, listed.namespace, listed.member_id, listed.created_at
    FROM templates AS listed INDEXED BY templates_by_member CROSS JOIN templates AS held NOT INDEXED
    WHERE held.slot = listed.slot AND held.namespace = listed.namespace
      AND held.member_id = listed.member_id AND held.created_at = listed.created_at
  )`,
};
