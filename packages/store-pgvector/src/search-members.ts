import { type MemberMatch, type MemberSearchResult, scoredMembers } from "@facekit/core";
import { numberOf, type Tables, toBytes } from "@facekit/store-sql/postgres";
import { sql, type Transaction } from "kysely";
import { halfvecText, halvesErrorBound } from "./halves.js";
import { indexReady, type Names } from "./names.js";
import { decoded, type StoredMember, templatesOf } from "./stored-templates.js";

export interface Search {
  readonly namespace: string;
  readonly probes: readonly Float32Array[];
  /** How many members a probe gets at most. */
  readonly k: number;
  readonly memberIds?: readonly string[];
  readonly dimensions: number;
  /** How many search rows a search of an HNSW index keeps in view, 1 to 1000; undefined: it uses none. */
  readonly efSearch: number | undefined;
}

/** Search rows that are looked at first, for each member wanted and at least. */
const rowsPerMember = 4;
const leastRows = 16;

/** A filter that leaves so much of a namespace or less is searched exactly. */
const selectiveShare = 0.5;

/**
 * The nearest members, from one state of the database. Search rows propose members, exactly or by an HNSW index; each is
 * then scored by all of its templates. Undefined where the search rows are behind the templates.
 *
 * A search goes deeper until every probe has its `k` members and no row that was not looked at can be nearer.
 */
export async function searchMembers(
  db: Transaction<Tables>,
  names: Names,
  search: Search,
): Promise<MemberSearchResult | undefined> {
  const { probes, k, memberIds, dimensions } = search;
  await sql`SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY`.execute(db);
  const namespace = await beginSearch(db, names, search);
  if (namespace.behind) return undefined;
  const told = { revision: namespace.revision, ...(memberIds === undefined && { comparisons: namespace.size }) };
  const matches: MemberMatch[][] = probes.map(() => []);
  if (namespace.size === 0 || memberIds?.length === 0) return { ...told, matches };

  const errorBound = halvesErrorBound(dimensions);
  const known = new Map<string, StoredMember>();
  const selective = memberIds !== undefined && memberIds.length <= namespace.size * selectiveShare;
  let waiting = probes.map((probe, i) => ({ probe, i }));
  let depth = Math.max(leastRows, k * rowsPerMember);
  while (waiting.length > 0) {
    const proposed = await propose(db, names, {
      key: namespace.key,
      probes: waiting.map(({ probe }) => probe),
      depth,
      byIndex: namespace.indexed && !selective,
      memberIds,
    });
    const unknown = new Set(proposed.flatMap(({ members }) => [...members]).filter((member) => !known.has(member)));
    for (const member of await templatesOf(db, names, namespace.key, [...unknown], dimensions)) {
      known.set(member.hex, member);
    }
    const unsettled: typeof waiting = [];
    for (const [n, each] of waiting.entries()) {
      const { members = new Set<string>(), rows = 0, least = 1 } = proposed[n] ?? {};
      const scored = scoredMembers([...members].flatMap((member) => known.get(member) ?? []))(each.probe);
      const last = scored[k - 1]?.similarity ?? Number.NEGATIVE_INFINITY;
      // Ties go by member id, so rows that are as near must be looked at too.
      if (rows < depth || last > least + errorBound) matches[each.i] = scored.slice(0, k);
      else unsettled.push(each);
    }
    waiting = unsettled;
    depth *= 4;
  }
  return { ...told, matches };
}

interface SearchedNamespace {
  readonly behind: boolean;
  readonly revision: number;
  readonly key: number;
  readonly size: number;
  readonly indexed: boolean;
}

async function beginSearch(
  db: Transaction<Tables>,
  names: Names,
  { namespace, efSearch }: Search,
): Promise<SearchedNamespace> {
  const { rows } = await sql<{
    held: unknown;
    revision: unknown;
    key: number | null;
    size: unknown;
    indexed: boolean | null;
  }>`
    SELECT state.revision AS held, (SELECT coalesce(max(revision), 0) FROM ${names.revisions}) AS revision, n.key, n.size,
      ${indexReady(names, sql`n.key`)} AS indexed,
      set_config('hnsw.ef_search', ${`${efSearch ?? 40}`}, true),
      set_config('hnsw.iterative_scan', 'relaxed_order', true),
      -- Compiling takes longer than most searches.
      set_config('jit', 'off', true)
    FROM ${names.state} AS state
    LEFT JOIN ${names.namespaces} AS n ON n.namespace = decode(${toHex(namespace)}, 'hex')`.execute(db);
  const [row] = rows;
  const revision = numberOf(row?.revision ?? 0);
  return {
    behind: numberOf(row?.held ?? 0) < revision,
    revision,
    key: row?.key ?? 0,
    size: numberOf(row?.size ?? 0),
    indexed: efSearch !== undefined && row?.indexed === true,
  };
}

interface Proposal {
  /** Ids in hex. */
  readonly members: ReadonlySet<string>;
  /** How many rows proposed them, and the inner product of the last. */
  readonly rows: number;
  readonly least: number;
}

async function propose(
  db: Transaction<Tables>,
  names: Names,
  options: {
    readonly key: number;
    readonly probes: readonly Float32Array[];
    readonly depth: number;
    readonly byIndex: boolean;
    readonly memberIds: readonly string[] | undefined;
  },
): Promise<Proposal[]> {
  const { key, probes, depth, byIndex, memberIds } = options;
  const distance = sql`r.vector ${names.distance} probe.vector`;
  // An index answers to the operator alone. Without sorting, the planner has to take it.
  const order = byIndex ? distance : sql`(${distance}) + 0`;
  if (byIndex) await sql`SELECT set_config('enable_sort', 'off', true)`.execute(db);
  const filter = memberIds === undefined ? sql`` : sql`AND r.member_id = ANY (${decoded(memberIds.map(toHex))})`;
  const { rows } = await sql<{ probe: unknown; member: string; distance: number }>`
    WITH probes AS MATERIALIZED (
      SELECT i, text::${names.halfvec} AS vector
      FROM unnest(${probes.map(halfvecText)}::text[]) WITH ORDINALITY AS given (text, i)
    )
    SELECT probe.i AS probe, encode(nearest.member_id, 'hex') AS member, nearest.distance
    FROM probes AS probe CROSS JOIN LATERAL (
      SELECT r.member_id, ${distance} AS distance FROM ${names.rows} AS r
      WHERE r.namespace = ${sql.lit(key)} ${filter} ORDER BY ${order} LIMIT ${sql.lit(depth)}
    ) AS nearest`.execute(db);
  return probes.map((_, i) => {
    const own = rows.filter((row) => numberOf(row.probe) === i + 1);
    return {
      members: new Set(own.map(({ member }) => member)),
      rows: own.length,
      least: own.reduce((least, row) => Math.min(least, -row.distance), 1),
    };
  });
}

function toHex(id: string): string {
  return toBytes(id).toString("hex");
}
