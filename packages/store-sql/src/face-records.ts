import {
  checkFaceRecord,
  checkId,
  checkSpace,
  conflictError,
  type EmbeddingSpace,
  type EnrolledMember,
  type FaceRecordChange,
  type FaceRecords,
  type NamespacedFaceRecord,
  notOpenError,
  paged,
  type SnapshotStorage,
  specVersion,
} from "@facekit/core";
import { type Expression, type Kysely, type RawBuilder, sql } from "kysely";
import { Completeness, type CompletenessQueries, type Key, lastRevisionOf } from "./completeness.js";
import type { StoreDialect } from "./dialect.js";
import { adapterId } from "./failures.js";
import { forTemplates, type TemplateCondition } from "./for-templates.js";
import { changesOf, inParts, type Parameter, prepared, preparedRows } from "./prepared.js";
import type { Executor } from "./runners.js";
import type { StoreHandle } from "./store-handle.js";
import type { StoredId, Tables } from "./tables.js";
import { fromTemplateRow, type TemplateRow, templateColumns, toTemplateRow } from "./template-row.js";
import { idOf, numberOf, textOf } from "./values.js";

/** About 1 MiB of vectors of 512 numbers. */
const pageSize = 512;

/** Members are told from rows without vectors. */
const memberPageSize = 4096;

/** Snapshots hold templates, so what is erased must go from them too. */
export interface ErasableSnapshots {
  readonly storage: SnapshotStorage;
  /** In each transaction that erases or replaces templates: the revision is that of the erasure. */
  erase(db: Executor, revision: number): Promise<void>;
  /** After its commit: another process may have begun one meanwhile. */
  sweep(): void;
}

/**
 * The templates of a store. `afterWrite` keeps what is made of templates true to them: it runs at the end of each
 * transaction that writes or erases some.
 */
export function sqlFaceRecords<Writing extends Executor>(
  handle: StoreHandle<Writing>,
  dialect: StoreDialect,
  snapshots?: ErasableSnapshots,
  afterWrite?: (db: Writing) => Promise<void>,
): FaceRecords {
  const { toStored } = dialect;
  const queries = recordQueries(handle.builder, dialect);
  const templates = dialect.templates(handle.builder);
  let bound: EmbeddingSpace | undefined;

  const spaceOf = (): EmbeddingSpace => {
    handle.check();
    if (bound !== undefined) return bound;
    throw notOpenError(adapterId);
  };

  /** Revisions are in the order of commits, for writers come one after the other from here on. */
  const takeTurn = async (
    db: Executor,
    namespace: StoredId,
  ): Promise<{ readonly last: number; readonly own: number; readonly deletions: boolean }> => {
    if (queries.lock !== undefined) await db.executeQuery(queries.lock({}));
    const [row] = (await db.executeQuery(queries.revisions({ namespace }))).rows;
    return {
      last: lastRevisionOf(row),
      own: numberOf(row?.own ?? 0),
      deletions: (row?.deletion ?? null) !== null,
    };
  };

  const erase =
    (namespace: StoredId, conditions: readonly TemplateCondition[]) =>
    async (db: Writing): Promise<{ deleted: number; revision: number }> => {
      const { last } = await takeTurn(db, namespace);
      const revision = last + 1;
      let deleted = 0;
      for (const condition of conditions) {
        const marked = changesOf(await db.executeQuery(queries.markDeleted(condition, revision)));
        if (marked > 0) {
          await templates.eraseVectors(db, condition);
          await db.executeQuery(queries.deleteTemplates(condition));
        }
        deleted += marked;
      }
      if (deleted === 0) return { deleted, revision: last };
      await db.executeQuery(queries.recordRevision({ namespace, revision }));
      await snapshots?.erase(db, revision);
      await afterWrite?.(db);
      return { deleted, revision };
    };

  return {
    specVersion,
    id: adapterId,
    capabilities: { persistent: true },
    ...(snapshots && { snapshots: snapshots.storage }),

    async open(space, options) {
      const write = { ...options, idempotent: true };
      const held = await handle.write(async (db) => {
        const inserted = await db.executeQuery(queries.bindSpace({ id: space.id, dimensions: space.dimensions }));
        if (changesOf(inserted) > 0) await templates.bind(db, space.dimensions);
        const [row] = (await db.executeQuery(queries.space({}))).rows;
        return { ...space, id: textOf(row?.id), dimensions: numberOf(row?.dimensions) };
      }, write);
      checkSpace(adapterId, handle.store, held, space);
      bound = space;
    },

    async put(namespace, records, options = {}) {
      const space = spaceOf();
      checkId("namespace", namespace);
      // The last of one id wins.
      const rows = new Map<string, TemplateRow>();
      for (const record of records) {
        checkFaceRecord(record, space, adapterId);
        rows.set(record.id, toTemplateRow(namespace, record, toStored));
      }
      const stored = toStored(namespace);
      const { ifRevision, signal } = options;
      const write = { ...(signal && { signal }), idempotent: ifRevision === undefined };
      const { revision, replaced } = await handle.write(async (db) => {
        const { last, own, deletions } = await takeTurn(db, stored);
        if (ifRevision !== undefined && own > ifRevision) throw conflictError(adapterId, namespace, ifRevision, own);
        if (rows.size === 0) return { revision: last, replaced: false };
        const revision = last + 1;
        let replaced = false;
        for (const part of inParts([...rows.values()])) {
          if (await templates.put(db, part, revision)) replaced = true;
          if (deletions) await db.executeQuery(queries.forgetDeletions(part));
        }
        await db.executeQuery(queries.recordRevision({ namespace: stored, revision }));
        if (replaced) await snapshots?.erase(db, revision);
        await afterWrite?.(db);
        return { revision, replaced };
      }, write);
      if (replaced) snapshots?.sweep();
      return { revision };
    },

    async delete(namespace, selection, options) {
      spaceOf();
      checkId("namespace", namespace);
      const stored = toStored(namespace);
      const conditions: TemplateCondition[] =
        "ids" in selection
          ? [...inParts([...new Set(selection.ids)].map(toStored))].map((ids) => ({ namespace: stored, ids }))
          : [{ namespace: stored, memberId: toStored(selection.memberId) }];
      const result = await handle.erase(erase(stored, conditions), options);
      if (result.deleted > 0) snapshots?.sweep();
      return result;
    },

    async deleteNamespace(namespace, options) {
      spaceOf();
      checkId("namespace", namespace);
      const stored = toStored(namespace);
      const result = await handle.erase(erase(stored, [{ namespace: stored }]), options);
      if (result.deleted > 0) snapshots?.sweep();
      return result;
    },

    async *scan(namespace, options) {
      const { dimensions } = spaceOf();
      // By key, not by rowid: a record that is deleted and put again meanwhile would come twice.
      const page = namespace === undefined ? queries.scanAll : queries.scanNamespace;
      const completeness = new Completeness(
        queries.complete(namespace === undefined ? "all" : "scan", namespace),
        (record: NamespacedFaceRecord) => [record.namespace, record.id],
      );
      yield* paged(
        pageSize,
        (after) =>
          handle.read(async (db) => {
            await completeness.begin(db);
            const place = { namespace: toStored(after?.namespace ?? namespace ?? ""), id: toStored(after?.id ?? "") };
            const { rows } = await db.executeQuery(page(place));
            const records = rows.map((row) => fromTemplateRow(row, dimensions));
            await completeness.add(db, records, records.length < pageSize);
            return records;
          }, options),
        options,
      );
    },

    async revision(options) {
      spaceOf();
      return handle.read(async (db) => {
        const [row] = (await db.executeQuery(queries.lastRevision({}))).rows;
        return lastRevisionOf(row);
      }, options);
    },

    async *changes(since, options) {
      const { dimensions } = spaceOf();
      // Of later changes it is not known how many there must be.
      const completeness = new Completeness(since === 0 ? queries.complete("all") : undefined, keyOf, ({ kind }) =>
        kind === "put" ? 1 : 0,
      );
      yield* paged<FaceRecordChange>(
        pageSize,
        (after) =>
          handle.read(async (db) => {
            await completeness.begin(db);
            const place = after === undefined ? { revision: since + 1, namespace: "", id: "" } : placeOf(after);
            const { rows } = await db.executeQuery(
              queries.changes({
                revision: place.revision,
                namespace: toStored(place.namespace),
                id: toStored(place.id),
              }),
            );
            const changes = rows.map((row) => toChange(row, dimensions));
            await completeness.add(db, changes, changes.length < pageSize);
            return changes;
          }, options),
        options,
      );
    },

    async *members(namespace, options) {
      spaceOf();
      checkId("namespace", namespace);
      const completeness = new Completeness(
        queries.complete("members", namespace),
        ({ memberId, createdAt, id }: EnrolledTemplate) => [memberId, createdAt, id],
      );
      const templates = paged<EnrolledTemplate>(
        memberPageSize,
        (after) =>
          handle.read(async (db) => {
            await completeness.begin(db);
            const { rows } = await db.executeQuery(
              queries.enrolled({
                namespace: toStored(namespace),
                memberId: toStored(after?.memberId ?? ""),
                createdAt: after?.createdAt ?? 0,
                id: toStored(after?.id ?? ""),
              }),
            );
            const page = rows.map(
              (row): EnrolledTemplate => ({
                memberId: idOf(row.member_id),
                createdAt: numberOf(row.created_at),
                id: idOf(row.id),
              }),
            );
            await completeness.add(db, page, page.length < memberPageSize);
            return page;
          }, options),
        options,
      );
      yield* byMember(templates);
    },

    async [Symbol.asyncDispose]() {
      await handle.release();
    },
  };
}

/** What tells of a member. */
interface EnrolledTemplate {
  readonly memberId: string;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  readonly id: string;
}

/** Joins templates that come by member, and of each by date. */
async function* byMember(templates: AsyncIterable<EnrolledTemplate>): AsyncGenerator<EnrolledMember> {
  let member:
    | { readonly memberId: string; readonly first: number; last: number; readonly ids: Set<string> }
    | undefined;
  const joined = ({ memberId, first, last, ids }: NonNullable<typeof member>): EnrolledMember => ({
    memberId,
    templates: ids.size,
    enrolledAt: new Date(first),
    lastEnrolledAt: new Date(last),
    templateIds: [...ids],
  });
  for await (const { memberId, createdAt, id } of templates) {
    if (member?.memberId !== memberId) {
      if (member !== undefined) yield joined(member);
      member = { memberId, first: createdAt, last: createdAt, ids: new Set() };
    }
    member.last = createdAt;
    member.ids.add(id);
  }
  if (member !== undefined) yield joined(member);
}

interface Place {
  readonly namespace: StoredId;
  readonly id: StoredId;
}

/** Compiled once for each store. */
function recordQueries(db: Kysely<Tables>, dialect: StoreDialect) {
  const limit = sql.lit(pageSize);
  const { counts } = dialect;
  const lastRevision = db
    .selectFrom("namespaces")
    .select(({ fn }) => fn.max("revision").as("last"))
    .$if(counts !== undefined, (query) => query.select((counts?.lastRevision ?? sql<number>`NULL`).as("told")));
  const columnsOf = (...names: string[]) => names.map((name) => sql.ref(name));
  const templates = db
    .selectFrom("templates")
    .select([...templateColumns])
    .select(dialect.vector);
  const told = ["member_id", "created_at", "source", "checksum", "vector"] as const;

  const enrolled = counts === undefined ? db.selectFrom("templates") : db.selectFrom(counts.enrolled.as("templates"));
  const revision = prepared((_: Parameter<object>) => lastRevision);
  const expected = (count: (namespace: Expression<StoredId>) => RawBuilder<number>) =>
    prepared((p: Parameter<{ readonly namespace: StoredId }>) =>
      lastRevision.select(count(p("namespace")).as("templates")),
    );
  const counted = counts && {
    all: expected(() => counts.all),
    scan: expected(counts.ofScan),
    members: expected(counts.ofMembers),
  };
  const complete = (what: "all" | "scan" | "members", namespace = ""): CompletenessQueries | undefined =>
    counted && {
      revision: revision({}),
      expected: counted[what]({ namespace: dialect.toStored(namespace) }),
    };

  /** One statement, so that a record is told as put or as deleted, never as both or neither. */
  const changes = (p: Parameter<Place & { readonly revision: number }>) => {
    const after = dialect.after(columnsOf("revision", "namespace", "id"), [p("revision"), p("namespace"), p("id")]);
    const put = templates.where(after).orderBy("revision").orderBy("namespace").orderBy("id").limit(limit);
    const deleted = db
      .selectFrom("deletions")
      .select(["revision", "namespace", "id"])
      .where(after)
      .orderBy("revision")
      .orderBy("namespace")
      .orderBy("id")
      .limit(limit);
    // Each with a limit of its own: some databases make the whole union before they sort it.
    const columns = ["revision", "namespace", "id"] as const;
    return db
      .selectFrom(put.as("put"))
      .select(columns)
      .select(told.map((column) => sql<unknown>`${sql.ref(column)}`.as(column)))
      .unionAll(
        db
          .selectFrom(deleted.as("deleted"))
          .select(columns)
          .select(told.map((column) => sql<unknown>`NULL`.as(column))),
      )
      .orderBy("revision")
      .orderBy("namespace")
      .orderBy("id")
      .limit(limit);
  };

  return {
    markDeleted: forTemplates((matching, revision) =>
      db
        .insertInto("deletions")
        .columns(["namespace", "id", "revision"])
        .expression(
          db
            .selectFrom("templates")
            .select(["namespace", "id", sql<number>`CAST(${revision} AS ${dialect.integer})`.as("revision")])
            .where(matching),
        ),
    ),
    deleteTemplates: forTemplates((matching) => db.deleteFrom("templates").where(matching)),
    lock: dialect.locks
      ? prepared((_: Parameter<object>) => db.selectFrom("space").select("only_row").forUpdate())
      : undefined,
    bindSpace: prepared((p: Parameter<{ readonly id: string; readonly dimensions: number }>) =>
      dialect.unlessThere(db.insertInto("space").values({ only_row: 1, id: p("id"), dimensions: p("dimensions") })),
    ),
    space: prepared((_: Parameter<object>) => db.selectFrom("space").select(["id", "dimensions"])),
    lastRevision: revision,
    /** In one statement, for each costs a way to the server and back. */
    revisions: prepared((p: Parameter<{ readonly namespace: StoredId }>) =>
      lastRevision.select((eb) => [
        eb.selectFrom("namespaces as own").select("own.revision").where("own.namespace", "=", p("namespace")).as("own"),
        eb
          .selectFrom("deletions")
          .select(sql`1`.as("one"))
          .where("deletions.namespace", "=", p("namespace"))
          .limit(sql.lit(1))
          .as("deletion"),
      ]),
    ),
    recordRevision: prepared((p: Parameter<{ readonly namespace: StoredId; readonly revision: number }>) =>
      db
        .insertInto("namespaces")
        .values({ namespace: p("namespace"), revision: p("revision") })
        .modifyEnd(dialect.replacing(["namespace"], ["revision"])),
    ),
    forgetDeletions: preparedRows((rows: readonly Parameter<Place>[]) =>
      db
        .deleteFrom("deletions")
        .where("namespace", "=", rows[0]?.("namespace") ?? "")
        .where(
          "id",
          "in",
          rows.map((p) => p("id")),
        ),
    ),
    scanAll: prepared((p: Parameter<Place>) =>
      templates
        .where(dialect.after(columnsOf("namespace", "id"), [p("namespace"), p("id")]))
        .orderBy("namespace")
        .orderBy("id")
        .limit(limit),
    ),
    scanNamespace: prepared((p: Parameter<Place>) =>
      templates.where("namespace", "=", p("namespace")).where("id", ">", p("id")).orderBy("id").limit(limit),
    ),
    changes: prepared(changes),
    complete,
    enrolled: prepared((p: Parameter<Place & { readonly memberId: StoredId; readonly createdAt: number }>) =>
      enrolled
        .select(["member_id", "created_at", "id"])
        .where("namespace", "=", p("namespace"))
        .where(dialect.after(columnsOf("member_id", "created_at", "id"), [p("memberId"), p("createdAt"), p("id")]))
        .orderBy("member_id")
        .orderBy("created_at")
        .orderBy("id")
        .limit(sql.lit(memberPageSize)),
    ),
  };
}

function keyOf(change: FaceRecordChange): Key {
  const { revision, namespace, id } = placeOf(change);
  return [revision, namespace, id];
}

function placeOf(change: FaceRecordChange): {
  readonly revision: number;
  readonly namespace: string;
  readonly id: string;
} {
  return change.kind === "put" ? { ...change.record, revision: change.revision } : change;
}

function toChange(row: Parameters<typeof fromTemplateRow>[0], dimensions: number): FaceRecordChange {
  const revision = numberOf(row.revision);
  return row.member_id === null
    ? { kind: "delete", revision, namespace: idOf(row.namespace), id: idOf(row.id) }
    : { kind: "put", revision, record: fromTemplateRow(row, dimensions) };
}
