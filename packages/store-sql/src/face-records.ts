import {
  type CallOptions,
  checkFaceRecord,
  checkId,
  checkSpace,
  conflictError,
  type EmbeddingSpace,
  type EnrolledMember,
  type FaceRecordChange,
  type FaceRecords,
  notOpenError,
  orderedText,
  paged,
  specVersion,
} from "@facekit/core";
import type { Row, Sql, SqlValue } from "./database.js";
import { adapterId, explain } from "./failures.js";
import { deleteSnapshots, eraseSnapshots, sqliteSnapshots } from "./snapshot-storage.js";
import type { Handle } from "./sqlite-connection.js";
import { fromTemplateRow, putTemplate, templateColumns, templatesWithVectors, toTemplateRow } from "./template-row.js";
import { dateAt, idAt, numberAt, textAt } from "./values.js";
import { eraseSlots, prepareSlots, writeSlot } from "./vector-slots.js";

/** About 1 MiB of vectors of 512 numbers. */
const pageSize = 512;

/** The templates of a store. */
export function sqliteFaceRecords(handle: Handle): FaceRecords {
  let bound: EmbeddingSpace | undefined;

  const spaceOf = (): EmbeddingSpace => {
    handle.check();
    if (bound !== undefined) return bound;
    throw notOpenError(adapterId);
  };

  /** Deletes the templates that the condition selects, in as many steps as there are lists of values. */
  const deleteWhere = (
    namespace: string,
    condition: string,
    steps: readonly SqlValue[][],
  ): ((sql: Sql) => { deleted: number; revision: number }) => {
    const stored = orderedText(namespace);
    return (sql) => {
      const revision = lastRevision(sql);
      let deleted = 0;
      for (const values of steps) {
        const marked = sql.run(
          `INSERT INTO deletions (namespace, id, revision)
           SELECT namespace, id, ? FROM templates WHERE namespace = ? ${condition}`,
          revision + 1,
          stored,
          ...values,
        );
        if (marked > 0) {
          eraseSlots(sql, `namespace = ? ${condition}`, [stored, ...values]);
          sql.run(`DELETE FROM templates WHERE namespace = ? ${condition}`, stored, ...values);
        }
        deleted += marked;
      }
      if (deleted === 0) return { deleted, revision };
      recordRevision(sql, stored, revision + 1);
      eraseSnapshots(sql, handle.file, revision + 1);
      return { deleted, revision: revision + 1 };
    };
  };

  /** Again after the commit: another process may have begun one meanwhile. */
  const sweepSnapshots = (): void => {
    try {
      deleteSnapshots(handle.file);
    } catch (error) {
      throw explain(error, handle.file, "write");
    }
  };

  const erase = async (
    work: ReturnType<typeof deleteWhere>,
    options: CallOptions | undefined,
  ): Promise<{ deleted: number; revision: number }> => {
    const result = await handle.erase(work, options);
    if (result.deleted > 0) sweepSnapshots();
    return result;
  };

  return {
    specVersion,
    id: adapterId,
    capabilities: { persistent: true },
    snapshots: sqliteSnapshots(handle),

    async open(space, options) {
      await handle.write((sql) => bind(sql, space, handle.file), options);
      bound = space;
    },

    async put(namespace, records, options = {}) {
      const space = spaceOf();
      checkId("namespace", namespace);
      const rows = records.map((record) => {
        checkFaceRecord(record, space, adapterId);
        return toTemplateRow(namespace, record);
      });
      const stored = orderedText(namespace);
      const { revision, replaced } = await handle.write((sql) => {
        if (options.ifRevision !== undefined) checkUnchanged(sql, namespace, options.ifRevision);
        const revision = lastRevision(sql);
        if (rows.length === 0) return { revision, replaced: false };
        let replaced = false;
        for (const { id, vector, values } of rows) {
          const [held] = sql.rows("SELECT slot FROM templates WHERE namespace = ? AND id = ?", stored, id);
          replaced ||= held !== undefined;
          const slot = writeSlot(sql, vector, held === undefined ? undefined : numberAt(held, 0));
          sql.run(putTemplate, ...values(slot, revision + 1));
          sql.run("DELETE FROM deletions WHERE namespace = ? AND id = ?", stored, id);
        }
        recordRevision(sql, stored, revision + 1);
        if (replaced) eraseSnapshots(sql, handle.file, revision + 1);
        return { revision: revision + 1, replaced };
      }, options);
      if (replaced) sweepSnapshots();
      return { revision };
    },

    async delete(namespace, selection, options) {
      spaceOf();
      checkId("namespace", namespace);
      const work =
        "ids" in selection
          ? deleteWhere(
              namespace,
              "AND id = ?",
              selection.ids.map((id) => [orderedText(id)]),
            )
          : deleteWhere(namespace, "AND member_id = ?", [[orderedText(selection.memberId)]]);
      return erase(work, options);
    },

    async deleteNamespace(namespace, options) {
      spaceOf();
      checkId("namespace", namespace);
      return erase(deleteWhere(namespace, "", [[]]), options);
    },

    async *scan(namespace, options) {
      const { dimensions } = spaceOf();
      // By key, not by rowid: a record that is deleted and put again meanwhile would come twice.
      const condition = namespace === undefined ? "(namespace, id) > (?, ?)" : "namespace = ? AND id > ?";
      yield* paged(
        pageSize,
        (after) =>
          handle.read((sql) => {
            const from = [orderedText(after?.namespace ?? namespace ?? ""), orderedText(after?.id ?? "")];
            return sql
              .rows(
                `SELECT ${templateColumns} FROM ${templatesWithVectors} WHERE ${condition} ORDER BY namespace, id LIMIT ${pageSize}`,
                ...from,
              )
              .map((row) => fromTemplateRow(row, dimensions));
          }, options),
        options,
      );
    },

    async revision(options) {
      spaceOf();
      return handle.read(lastRevision, options);
    },

    async *changes(since, options) {
      const { dimensions } = spaceOf();
      const first = { revision: since + 1, namespace: "", id: "" };
      yield* paged(
        pageSize,
        (after) =>
          handle.read((sql) => changesAfter(sql, after === undefined ? first : placeOf(after), dimensions), options),
        options,
      );
    },

    async *members(namespace, options) {
      spaceOf();
      checkId("namespace", namespace);
      yield* paged(
        pageSize,
        (after) =>
          handle.read(
            (sql) =>
              sql
                .rows(
                  `SELECT member_id, count(*), min(created_at) FROM templates
                   WHERE namespace = ? AND member_id > ?
                   GROUP BY member_id ORDER BY member_id LIMIT ${pageSize}`,
                  orderedText(namespace),
                  orderedText(after?.memberId ?? ""),
                )
                .map(
                  (row): EnrolledMember => ({
                    memberId: idAt(row, 0),
                    templates: numberAt(row, 1),
                    enrolledAt: dateAt(row, 2),
                  }),
                ),
            options,
          ),
        options,
      );
    },

    async [Symbol.asyncDispose]() {
      handle.release();
    },
  };
}

function bind(sql: Sql, space: EmbeddingSpace, file: string): void {
  const [row] = sql.rows("SELECT id, dimensions FROM space");
  if (row === undefined) {
    sql.run("INSERT INTO space (only_row, id, dimensions) VALUES (1, ?, ?)", space.id, space.dimensions);
    prepareSlots(sql, space.dimensions * Float32Array.BYTES_PER_ELEMENT);
    return;
  }
  checkSpace(adapterId, file, { ...space, id: textAt(row, 0), dimensions: numberAt(row, 1) }, space);
}

function lastRevision(sql: Sql): number {
  const [row = []] = sql.rows("SELECT coalesce(max(revision), 0) FROM namespaces");
  return numberAt(row, 0);
}

function recordRevision(sql: Sql, storedNamespace: string, revision: number): void {
  sql.run(
    `INSERT INTO namespaces (namespace, revision) VALUES (?, ?)
     ON CONFLICT (namespace) DO UPDATE SET revision = excluded.revision`,
    storedNamespace,
    revision,
  );
}

function checkUnchanged(sql: Sql, namespace: string, ifRevision: number): void {
  const [row] = sql.rows("SELECT revision FROM namespaces WHERE namespace = ?", orderedText(namespace));
  if (row !== undefined && numberAt(row, 0) > ifRevision) {
    throw conflictError(adapterId, namespace, ifRevision, numberAt(row, 0));
  }
}

interface Place {
  readonly revision: number;
  readonly namespace: string;
  readonly id: string;
}

function placeOf(change: FaceRecordChange): Place {
  return change.kind === "put" ? { ...change.record, revision: change.revision } : change;
}

/** One statement, so that a record is told as put or as deleted, never as both or neither. */
function changesAfter(sql: Sql, place: Place, dimensions: number): FaceRecordChange[] {
  const rows = sql.rows(
    `SELECT ${templateColumns} FROM ${templatesWithVectors} WHERE (revision, namespace, id) > (?1, ?2, ?3)
     UNION ALL
     SELECT revision, namespace, id, NULL, NULL, NULL, NULL, NULL FROM deletions
     WHERE (revision, namespace, id) > (?1, ?2, ?3)
     ORDER BY 1, 2, 3 LIMIT ${pageSize}`,
    place.revision,
    orderedText(place.namespace),
    orderedText(place.id),
  );
  return rows.map((row) => toChange(row, dimensions));
}

function toChange(row: Row, dimensions: number): FaceRecordChange {
  const revision = numberAt(row, 0);
  return row[3] === null
    ? { kind: "delete", revision, namespace: idAt(row, 1), id: idAt(row, 2) }
    : { kind: "put", revision, record: fromTemplateRow(row, dimensions) };
}
