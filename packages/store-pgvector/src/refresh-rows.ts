import { meanTemplate } from "@facekit/core";
import { fromTemplateRow, numberOf, type Tables } from "@facekit/store-sql/postgres";
import { type RawBuilder, sql, type Transaction } from "kysely";
import { halfvecText } from "./halves.js";
import { indexReady, type Names } from "./names.js";
import { type TemplateFields, templateFields, templatesOf } from "./stored-templates.js";

/** About 1 MiB of templates of 512 numbers, or so many members' means. */
const pageSize = 512;

/** So few that a statement is over in time where an HNSW index takes in each of them. */
const insertSize = 128;

/** About so many changed templates are taken in at a time: a few seconds of work, for which other writers wait. */
const turnSize = 4096;

/** A namespace whose search rows changed. */
export interface RefreshedNamespace {
  readonly key: number;
  /** How many search rows it now has. */
  readonly size: number;
  /** Whether its HNSW index is ready; undefined where it has none. */
  readonly indexed: boolean | undefined;
}

export interface Refreshed {
  readonly namespaces: readonly RefreshedNamespace[];
  /** The search rows are still behind the templates: it takes another turn. */
  readonly behind: boolean;
}

/**
 * Brings the search rows nearer to the state of the templates: those of templates that were put or deleted since, and the
 * means of their members, made anew of the templates that are there. In the transaction that wrote the templates, there
 * is only its own change to take in; more where other writers know of no search rows, in turns of bounded size.
 */
export async function refreshRows(db: Transaction<Tables>, names: Names, dimensions: number): Promise<Refreshed> {
  const range = await takeTurn(db, names);
  if (range === undefined) return { namespaces: [], behind: false };
  const { namespaces } = names;
  await sql`
    INSERT INTO ${namespaces} (namespace, size)
    SELECT changed.namespace, 0 FROM (${changesIn(names, range)}) AS changed
    GROUP BY changed.namespace ON CONFLICT (namespace) DO NOTHING`.execute(db);
  const removed = await removeRows(db, names, range);
  const sizes = new Map(removed.map(({ key, count }) => [key, -count]));
  const added = (key: number, count: number): void => {
    sizes.set(key, (sizes.get(key) ?? 0) + count);
  };
  await addTemplates(db, names, range, dimensions, added);
  for (const { key, members } of removed) {
    for (let at = 0; at < members.length; at += pageSize) {
      added(key, await addMeans(db, names, range, key, members.slice(at, at + pageSize), dimensions));
    }
  }
  const { rows } = await sql<{ key: number; size: unknown; indexed: boolean | null }>`
    UPDATE ${namespaces} AS n SET size = n.size + change.by
    FROM unnest(${[...sizes.keys()]}::integer[], ${[...sizes.values()]}::bigint[]) AS change (key, by)
    WHERE n.key = change.key RETURNING n.key, n.size, ${indexReady(names, sql`n.key`)} AS indexed`.execute(db);
  await sql`UPDATE ${names.state} SET revision = ${range.until}`.execute(db);
  const refreshed = rows.map(({ key, size, indexed }) => ({
    key,
    size: numberOf(size),
    indexed: indexed ?? undefined,
  }));
  return { namespaces: refreshed, behind: range.behind };
}

/** Templates that changed after `since`, up to `until`. Later ones are left to the next turn. */
interface Range {
  readonly since: number;
  readonly until: number;
}

/** Locks the search rows against other refreshers. Undefined where there is nothing to do. */
async function takeTurn(
  db: Transaction<Tables>,
  names: Names,
): Promise<(Range & { readonly behind: boolean }) | undefined> {
  const state = await sql<{ since: unknown }>`SELECT revision AS since FROM ${names.state} FOR UPDATE`.execute(db);
  const since = numberOf(state.rows[0]?.since);
  const full = (table: RawBuilder<unknown>): RawBuilder<unknown> => sql`(
    SELECT revision FROM ${table} WHERE revision > ${since} ORDER BY revision OFFSET ${sql.lit(turnSize - 1)} LIMIT 1
  )`;
  // A statement of its own, so that it sees what was committed while that one waited.
  const { rows } = await sql<{ last: unknown; until: unknown }>`
    SELECT last, least(last, ${full(names.templates)}, ${full(names.deletions)}) AS until
    FROM (SELECT coalesce(max(revision), 0) AS last FROM ${names.revisions}) AS revisions`.execute(db);
  const [last, until] = [numberOf(rows[0]?.last), numberOf(rows[0]?.until)];
  return until > since ? { since, until, behind: until < last } : undefined;
}

function changesIn({ templates, deletions }: Names, range: Range): RawBuilder<unknown> {
  return sql`
    SELECT namespace, id FROM ${templates} WHERE ${within(range)}
    UNION ALL SELECT namespace, id FROM ${deletions} WHERE ${within(range)}`;
}

function within({ since, until }: Range): RawBuilder<boolean> {
  return sql`revision > ${since} AND revision <= ${until}`;
}

interface Removed {
  readonly key: number;
  readonly count: number;
  /** The ids, in hex, of those members touched who have several templates now. */
  readonly members: readonly string[];
}

/** Of the templates that changed, and the means of the members who had them or have them now. */
async function removeRows(db: Transaction<Tables>, names: Names, range: Range): Promise<Removed[]> {
  const { rows: table, namespaces, templates } = names;
  const { rows } = await sql<{ key: number; count: unknown; members: string[] }>`
    WITH gone AS (
      DELETE FROM ${table} AS r USING ${namespaces} AS n, (${changesIn(names, range)}) AS changed
      WHERE n.namespace = changed.namespace AND r.namespace = n.key AND r.template_id = changed.id
      RETURNING r.namespace AS key, r.member_id
    ), touched AS (
      SELECT key, member_id FROM gone
      UNION SELECT n.key, t.member_id FROM ${templates} AS t JOIN ${namespaces} AS n USING (namespace) WHERE ${within(range)}
    ), stale AS (
      DELETE FROM ${table} AS r USING touched
      WHERE r.namespace = touched.key AND r.member_id = touched.member_id AND r.template_id = ''
      RETURNING r.namespace AS key
    ), removed AS (
      SELECT key, count(*) AS count FROM (SELECT key FROM gone UNION ALL SELECT key FROM stale) AS rows GROUP BY key
    ), several AS (
      SELECT key, encode(touched.member_id, 'hex') AS member
      FROM touched JOIN ${namespaces} AS n USING (key)
      WHERE (
        SELECT count(*) FROM (
          SELECT FROM ${templates} AS t
          WHERE t.namespace = n.namespace AND t.member_id = touched.member_id AND t.revision <= ${range.until} LIMIT 2
        ) AS two
      ) = 2
    )
    SELECT key, coalesce((SELECT count FROM removed WHERE removed.key = keys.key), 0) AS count,
      ARRAY(SELECT member FROM several WHERE several.key = keys.key ORDER BY member) AS members
    FROM (SELECT DISTINCT key FROM touched) AS keys`.execute(db);
  return rows.map(({ key, count, members }) => ({ key, count: numberOf(count), members }));
}

async function addTemplates(
  db: Transaction<Tables>,
  names: Names,
  range: Range,
  dimensions: number,
  added: (key: number, count: number) => void,
): Promise<void> {
  let after = { revision: range.since + 1, namespace: "", id: "" };
  for (;;) {
    const { rows } = await sql<TemplateRowOfNamespace>`
      SELECT n.key, encode(t.namespace, 'hex') AS namespace_hex, encode(t.id, 'hex') AS id_hex,
        encode(t.member_id, 'hex') AS member_hex, ${templateFields}
      FROM ${names.templates} AS t JOIN ${names.namespaces} AS n USING (namespace)
      WHERE t.revision <= ${range.until} AND (t.revision, t.namespace, t.id) >
        (${after.revision}, decode(${after.namespace}, 'hex'), decode(${after.id}, 'hex'))
      ORDER BY t.revision, t.namespace, t.id LIMIT ${sql.lit(pageSize)}`.execute(db);
    await insertRows(
      db,
      names,
      rows.map((row) => {
        added(row.key, 1);
        const { vector } = fromTemplateRow(row, dimensions);
        return { key: row.key, member: row.member_hex, template: row.id_hex, vector };
      }),
    );
    const last = rows.at(-1);
    if (last === undefined || rows.length < pageSize) return;
    after = { revision: numberOf(last.revision), namespace: last.namespace_hex, id: last.id_hex };
  }
}

type TemplateRowOfNamespace = TemplateFields & {
  readonly key: number;
  readonly namespace_hex: string;
  readonly id_hex: string;
  readonly member_hex: string;
};

/**
 * Tells how many of the members have a mean. Templates after the range are left out: one that is erased before its turn
 * comes was never among the search rows, and would stay in the mean.
 */
async function addMeans(
  db: Transaction<Tables>,
  names: Names,
  range: Range,
  key: number,
  members: readonly string[],
  dimensions: number,
): Promise<number> {
  const found = await templatesOf(db, names, key, members, dimensions, range.until);
  const means = found.flatMap(({ hex, templates }) => {
    const vector = meanTemplate(templates.map((template) => template.vector));
    return vector === undefined ? [] : [{ key, member: hex, template: "", vector }];
  });
  await insertRows(db, names, means);
  return means.length;
}

interface SearchRow {
  readonly key: number;
  /** Ids in hex. */
  readonly member: string;
  readonly template: string;
  readonly vector: Float32Array;
}

async function insertRows(db: Transaction<Tables>, names: Names, rows: readonly SearchRow[]): Promise<void> {
  for (let at = 0; at < rows.length; at += insertSize) {
    const part = rows.slice(at, at + insertSize);
    await sql`
      INSERT INTO ${names.rows} (namespace, member_id, template_id, vector)
      SELECT fresh.key, decode(fresh.member, 'hex'), decode(fresh.template, 'hex'), fresh.vector::${names.halfvec}
      FROM unnest(
        ${part.map(({ key }) => key)}::integer[],
        ${part.map(({ member }) => member)}::text[],
        ${part.map(({ template }) => template)}::text[],
        ${part.map(({ vector }) => halfvecText(vector))}::text[]
      ) AS fresh (key, member, template, vector)`.execute(db);
  }
}
