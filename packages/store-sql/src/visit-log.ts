import {
  checkId,
  checkVisit,
  checkVisitQuery,
  orderedText,
  paged,
  specVersion,
  type Visit,
  type VisitLog,
  type VisitQuery,
} from "@facekit/core";
import type { Row, SqlValue } from "./database.js";
import { adapterId } from "./failures.js";
import type { Handle } from "./sqlite-connection.js";
import { dateAt, fromDate, idAt, numberAt, optionalAt, textAt } from "./values.js";

const pageSize = 1024;

/** The book of visits of a store. */
export function sqliteVisitLog(handle: Handle): VisitLog {
  return {
    specVersion,
    id: adapterId,
    capabilities: { persistent: true },

    async append(namespace, visits, options) {
      checkId("namespace", namespace);
      const rows = visits.map((visit) => [orderedText(namespace), ...toRow(visit)]);
      return handle.write(
        (sql) =>
          rows.reduce(
            (added, row) =>
              added +
              sql.run(
                `INSERT INTO visits (namespace, key, member_id, at, time_zone, place, session, similarity)
                 VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (namespace, key) DO NOTHING`,
                ...row,
              ),
            0,
          ),
        options,
      );
    },

    async *query(namespace, query = {}, options) {
      checkVisitQuery(query);
      const filter = toFilter(query);
      const sqlText = `SELECT key, member_id, at, time_zone, place, session, similarity FROM visits
        WHERE namespace = ? ${filter.sql} AND (at, key) > (?, ?) ORDER BY at, key LIMIT ${pageSize}`;
      yield* paged<Visit>(
        pageSize,
        (after) =>
          handle.read(
            (sql) =>
              sql
                .rows(
                  sqlText,
                  orderedText(namespace),
                  ...filter.values,
                  after?.at.getTime() ?? Number.MIN_SAFE_INTEGER,
                  orderedText(after?.key ?? ""),
                )
                .map(toVisit),
            options,
          ),
        options,
      );
    },

    async deleteMember(namespace, memberId, options) {
      return handle.erase(
        (sql) =>
          sql.run(
            "DELETE FROM visits WHERE namespace = ? AND member_id = ?",
            orderedText(namespace),
            orderedText(memberId),
          ),
        options,
      );
    },

    async [Symbol.asyncDispose]() {
      handle.release();
    },
  };
}

function toFilter(query: VisitQuery): { readonly sql: string; readonly values: readonly SqlValue[] } {
  const conditions: readonly (readonly [string, SqlValue | undefined])[] = [
    ["AND member_id = ?", query.memberId === undefined ? undefined : orderedText(query.memberId)],
    ["AND place = ?", query.place],
    ["AND session = ?", query.session],
    ["AND at >= ?", query.from?.getTime()],
    ["AND at < ?", query.until?.getTime()],
  ];
  const given = conditions.flatMap(([sql, value]) => (value === undefined ? [] : [{ sql, value }]));
  return { sql: given.map(({ sql }) => sql).join(" "), values: given.map(({ value }) => value) };
}

function toRow(visit: Visit): SqlValue[] {
  checkVisit(visit);
  return [
    orderedText(visit.key),
    orderedText(visit.memberId),
    fromDate(visit.at),
    visit.timeZone,
    visit.place ?? null,
    visit.session ?? null,
    visit.similarity ?? null,
  ];
}

function toVisit(row: Row): Visit {
  return {
    key: idAt(row, 0),
    memberId: idAt(row, 1),
    at: dateAt(row, 2),
    timeZone: textAt(row, 3),
    ...optionalAt("place", row, 4, textAt),
    ...optionalAt("session", row, 5, textAt),
    ...optionalAt("similarity", row, 6, numberAt),
  };
}
