import {
  checkId,
  checkVisit,
  checkVisitQuery,
  paged,
  specVersion,
  type Visit,
  type VisitLog,
  type VisitQuery,
} from "@facekit/core";
import { type Kysely, type Selectable, sql } from "kysely";
import type { StoreDialect } from "./dialect.js";
import { adapterId } from "./failures.js";
import { changesOf, inParts, type Parameter, prepared, preparedRows } from "./prepared.js";
import type { StoreHandle } from "./store-handle.js";
import type { StoredId, Tables } from "./tables.js";
import { dateOf, idOf, numberOf, optional, textOf } from "./values.js";

const pageSize = 1024;

/** The book of visits of a store. */
export function sqlVisitLog(handle: StoreHandle, dialect: StoreDialect): VisitLog {
  const { toStored } = dialect;
  const queries = visitQueries(handle.builder, dialect);
  return {
    specVersion,
    id: adapterId,
    capabilities: { persistent: true },

    async append(namespace, visits, options) {
      checkId("namespace", namespace);
      const stored = toStored(namespace);
      const rows = visits.map((visit) => ({ namespace: stored, ...toRow(visit, toStored) }));
      return handle.write(async (db) => {
        let added = 0;
        for (const part of inParts(rows)) added += changesOf(await db.executeQuery(queries.append(part)));
        return added;
      }, options);
    },

    async *query(namespace, query = {}, options) {
      checkVisitQuery(query);
      const page = queries.page(query);
      const filter = {
        namespace: toStored(namespace),
        memberId: toStored(query.memberId ?? ""),
        place: query.place ?? "",
        session: query.session ?? "",
        from: query.from?.getTime() ?? 0,
        until: query.until?.getTime() ?? 0,
      };
      yield* paged<Visit>(
        pageSize,
        (after) =>
          handle.read(async (db) => {
            const at = after?.at.getTime() ?? Number.MIN_SAFE_INTEGER;
            const { rows } = await db.executeQuery(page({ ...filter, at, key: toStored(after?.key ?? "") }));
            return rows.map(toVisit);
          }, options),
        options,
      );
    },

    async deleteMember(namespace, memberId, options) {
      const member = { namespace: toStored(namespace), memberId: toStored(memberId) };
      return changesOf(await handle.erase((db) => db.executeQuery(queries.deleteMember(member)), options));
    },

    async [Symbol.asyncDispose]() {
      await handle.release();
    },
  };
}

type VisitRow = Selectable<Tables["visits"]>;

/** What a query may ask for beside its namespace. */
const filters = ["memberId", "place", "session", "from", "until"] as const satisfies readonly (keyof VisitQuery)[];

interface Page {
  readonly namespace: StoredId;
  readonly memberId: StoredId;
  readonly place: string;
  readonly session: string;
  readonly from: number;
  readonly until: number;
  readonly at: number;
  readonly key: StoredId;
}

/** Compiled once for each store, and for each set of filters. */
function visitQueries(db: Kysely<Tables>, dialect: StoreDialect) {
  const build = (filter: VisitQuery, p: Parameter<Page>) => {
    let query = db
      .selectFrom("visits")
      .select(["key", "member_id", "at", "time_zone", "place", "session", "similarity"])
      .where("namespace", "=", p("namespace"))
      .where(dialect.after([sql.ref("at"), sql.ref("key")], [p("at"), p("key")]))
      .orderBy("at")
      .orderBy("key")
      .limit(sql.lit(pageSize));
    if (filter.memberId !== undefined) query = query.where("member_id", "=", p("memberId"));
    if (filter.place !== undefined) query = query.where(dialect.sameText("place", p("place")));
    if (filter.session !== undefined) query = query.where(dialect.sameText("session", p("session")));
    if (filter.from !== undefined) query = query.where("at", ">=", p("from"));
    if (filter.until !== undefined) query = query.where("at", "<", p("until"));
    return query;
  };
  const pages = new Map<string, ReturnType<typeof pageOf>>();
  const pageOf = (filter: VisitQuery) => prepared((p: Parameter<Page>) => build(filter, p));
  return {
    page(filter: VisitQuery) {
      const kind = filters.filter((name) => filter[name] !== undefined).join();
      const page = pages.get(kind) ?? pageOf(filter);
      pages.set(kind, page);
      return page;
    },
    append: preparedRows((rows: readonly Parameter<VisitRow>[]) =>
      dialect.unlessThere(
        db.insertInto("visits").values(
          rows.map((p) => ({
            namespace: p("namespace"),
            key: p("key"),
            member_id: p("member_id"),
            at: p("at"),
            time_zone: p("time_zone"),
            place: p("place"),
            session: p("session"),
            similarity: p("similarity"),
          })),
        ),
      ),
    ),
    deleteMember: prepared((p: Parameter<{ readonly namespace: StoredId; readonly memberId: StoredId }>) =>
      db.deleteFrom("visits").where("namespace", "=", p("namespace")).where("member_id", "=", p("memberId")),
    ),
  };
}

function toRow(visit: Visit, toStored: (id: string) => StoredId): Omit<VisitRow, "namespace"> {
  checkVisit(visit);
  return {
    key: toStored(visit.key),
    member_id: toStored(visit.memberId),
    at: visit.at.getTime(),
    time_zone: visit.timeZone,
    place: visit.place ?? null,
    session: visit.session ?? null,
    similarity: visit.similarity ?? null,
  };
}

function toVisit(row: Omit<VisitRow, "namespace">): Visit {
  return {
    key: idOf(row.key),
    memberId: idOf(row.member_id),
    at: dateOf(row.at),
    timeZone: textOf(row.time_zone),
    ...optional("place", row.place, textOf),
    ...optional("session", row.session, textOf),
    ...optional("similarity", row.similarity, numberOf),
  };
}
