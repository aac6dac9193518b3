import {
  type CallOptions,
  checkFaceRecord,
  checkId,
  checkSpace,
  conflictError,
  type EmbeddingSpace,
  type EnrolledMember,
  type FaceRecord,
  type FaceRecordChange,
  type FaceRecordSelection,
  type FaceRecords,
  limiter,
  type NamespacedFaceRecord,
  notOpenError,
  orderedText,
  paged,
  specVersion,
} from "@facekit/core";
import type { Fields, Handle, Server } from "./connection.js";
import { adapterId, Damage, unlessThere } from "./failures.js";
import { dateAt, idAt, numberAt, textAt } from "./fields.js";
import { sweepStaged } from "./staged-documents.js";
import { runStaged } from "./staged-write.js";
import { fromTemplate } from "./template-document.js";
import { type Selection, TemplateLog, type TemplateWrite, templates } from "./template-log.js";

/** About 1 MiB of vectors of 512 numbers. */
const pageSize = 512;

/** Members are told from documents without vectors. */
const memberPageSize = 4096;

/** The templates of a store, and what a search over the same collection needs of them. */
export interface MongodbFaceRecords extends FaceRecords {
  readonly log: TemplateLog;
}

/** The templates of a store. */
export function mongodbFaceRecords(handle: Handle): MongodbFaceRecords {
  const log = new TemplateLog();
  // Those of one process queue here and not at the server, where each that comes too late asks again.
  const inTurn = limiter(1);
  let bound: EmbeddingSpace | undefined;

  const spaceOf = (): EmbeddingSpace => {
    handle.check();
    if (bound !== undefined) return bound;
    throw notOpenError(adapterId);
  };

  const write = (change: TemplateWrite, options: CallOptions): Promise<{ revision: number; erased: number }> =>
    inTurn(
      () =>
        runStaged(
          handle,
          {
            stage: (server) => log.stage(server, change),
            commit: (server, batch, again) => log.commit(server, batch, change, again),
            unstage: (server, batch) => log.unstage(server, batch),
          },
          options,
        ),
      options.signal,
    );

  const erase = async (
    namespace: string,
    erases: Selection,
    options: CallOptions = {},
  ): Promise<{ deleted: number; revision: number }> => {
    spaceOf();
    checkId("namespace", namespace);
    const change = { namespace: orderedText(namespace), puts: [], erases, check: () => undefined };
    const { erased, revision } = await write(change, options);
    return { deleted: erased, revision };
  };

  /** Pages of documents of the settled state. */
  const read = <T>(work: (server: Server, head: number) => Promise<T>, options: CallOptions | undefined): Promise<T> =>
    handle.run(async (server) => work(server, await log.head(server)), options);

  return {
    specVersion,
    id: adapterId,
    capabilities: { persistent: true },
    log,

    async open(space, options) {
      options?.signal?.throwIfAborted();
      if (bound !== undefined) {
        handle.check();
        return checkSpace(adapterId, handle.store, bound, space);
      }
      await handle.run(async (server) => {
        await log.createIndexes(server);
        await bind(server, space, handle.store);
        await sweepStaged(server, templates);
      }, options);
      bound = space;
    },

    async put(namespace, records, options = {}) {
      const space = spaceOf();
      checkId("namespace", namespace);
      const puts = new Map<string, FaceRecord>();
      for (const record of records) {
        checkFaceRecord(record, space, adapterId);
        // Later ones win. Copies, for the write comes later.
        puts.set(record.id, { ...record, vector: record.vector.slice(), createdAt: new Date(record.createdAt) });
      }
      const { ifRevision } = options;
      const change: TemplateWrite = {
        namespace: orderedText(namespace),
        puts: [...puts.values()],
        erases: { kind: "none" },
        check: (revision) => {
          if (ifRevision !== undefined && revision > ifRevision) {
            throw conflictError(adapterId, namespace, ifRevision, revision);
          }
        },
      };
      if (ifRevision !== undefined || puts.size === 0) {
        const revision = await handle.run((server) => log.check(server, change), options);
        if (puts.size === 0) return { revision };
      }
      const { revision } = await write(change, options);
      return { revision };
    },

    async delete(namespace, selection, options) {
      return erase(namespace, toSelection(selection), options);
    },

    async deleteNamespace(namespace, options) {
      return erase(namespace, { kind: "all" }, options);
    },

    async *scan(namespace, options) {
      const { dimensions } = spaceOf();
      if (namespace !== undefined) checkId("namespace", namespace);
      const stored = namespace === undefined ? undefined : orderedText(namespace);
      const versions = paged<Version<NamespacedFaceRecord>>(
        pageSize,
        (after) =>
          read(async (server) => {
            const page = await pageAfter(
              server,
              stored === undefined ? ["namespace", "id", "revision"] : ["id", "revision"],
              after?.document,
              { state: "live", ...(stored !== undefined && { namespace: stored }) },
            );
            return page.map((document) => ({ document, item: templateOf(document, dimensions) }));
          }, options),
        options,
      );
      yield* lastOfEach(versions, ["namespace", "id"]);
    },

    async revision(options) {
      spaceOf();
      return read(async (_, head) => head, options);
    },

    async *changes(since, options) {
      const { dimensions } = spaceOf();
      // Of later commits a page could tell the half, and whoever follows would take them for known.
      const until = await read(async (_, head) => head, options);
      yield* paged<FaceRecordChange>(
        pageSize,
        (after) =>
          read(async (server) => {
            const documents = await pageAfter(server, ["revision", "namespace", "id"], after && placeOf(after), {
              revision: { $gt: since, $lte: until },
            });
            return documents.map((document) => toChange(document, dimensions));
          }, options),
        options,
      );
    },

    async *members(namespace, options) {
      spaceOf();
      checkId("namespace", namespace);
      const stored = orderedText(namespace);
      const versions = paged<Version<EnrolledTemplate>>(
        memberPageSize,
        (after) =>
          read(async (server) => {
            const page = await pageAfter(
              server,
              ["member", "id", "revision"],
              after?.document,
              { namespace: stored, state: "live" },
              { size: memberPageSize, fields: ["member", "id", "revision", "createdAt"] },
            );
            return page.map((document) => ({
              document,
              item: {
                memberId: idAt(document, "member"),
                id: idAt(document, "id"),
                createdAt: dateAt(document, "createdAt"),
              },
            }));
          }, options),
        options,
      );
      let templates: EnrolledTemplate[] = [];
      for await (const template of lastOfEach(versions, ["member", "id"])) {
        if (templates[0] !== undefined && templates[0].memberId !== template.memberId) {
          yield* joined(templates);
          templates = [];
        }
        templates.push(template);
      }
      yield* joined(templates);
    },

    async [Symbol.asyncDispose]() {
      await handle.release();
    },
  };
}

/** A document, and what it stands for. */
interface Version<T> {
  readonly document: Fields;
  readonly item: T;
}

/** While a write is settled, a template that it replaces may be there in both versions: the later one is told. */
async function* lastOfEach<T>(versions: AsyncIterable<Version<T>>, key: readonly string[]): AsyncGenerator<T> {
  let last: Version<T> | undefined;
  for await (const version of versions) {
    if (last !== undefined && key.some((field) => last?.document[field] !== version.document[field])) yield last.item;
    last = version;
  }
  if (last !== undefined) yield last.item;
}

/** What tells of a member. */
interface EnrolledTemplate {
  readonly memberId: string;
  readonly id: string;
  readonly createdAt: Date;
}

/** The member whose templates they are; nobody where there are none. */
function joined(templates: readonly EnrolledTemplate[]): EnrolledMember[] {
  const [first] = templates;
  if (first === undefined) return [];
  const times = templates.map(({ createdAt }) => createdAt.getTime());
  const enrolledAt = new Date(times.reduce((a, b) => Math.min(a, b)));
  const lastEnrolledAt = new Date(times.reduce((a, b) => Math.max(a, b)));
  const templateIds = templates.map(({ id }) => id);
  return [{ memberId: first.memberId, templates: templates.length, enrolledAt, lastEnrolledAt, templateIds }];
}

function toSelection(selection: FaceRecordSelection): Selection {
  if ("ids" in selection) {
    for (const id of selection.ids) checkId("selection.ids", id);
    return { kind: "ids", ids: selection.ids.map(orderedText) };
  }
  checkId("selection.memberId", selection.memberId);
  return { kind: "member", member: orderedText(selection.memberId) };
}

async function bind(server: Server, space: EmbeddingSpace, store: string): Promise<void> {
  const collection = server.collection("about");
  const { id, dimensions } = space;
  await unlessThere(collection.insertOne({ _id: "space", id, dimensions }));
  const held = await collection.findOne({ _id: "space" });
  if (held === null) throw new Damage("the document that names its space is missing");
  checkSpace(adapterId, store, { ...space, id: textAt(held, "id"), dimensions: numberAt(held, "dimensions") }, space);
}

/** The next page in the order of some fields, behind the document that has these values of them. */
async function pageAfter(
  server: Server,
  order: readonly string[],
  after: Fields | undefined,
  filter: Fields,
  { size = pageSize, fields = [] }: { readonly size?: number; readonly fields?: readonly string[] } = {},
): Promise<Fields[]> {
  const behind = order.map((field, i) => ({
    ...Object.fromEntries(order.slice(0, i).map((earlier) => [earlier, after?.[earlier]])),
    [field]: { $gt: after?.[field] },
  }));
  return server
    .collection(templates)
    .find({ $and: [filter, ...(after === undefined ? [] : [{ $or: behind }])] })
    .sort(Object.fromEntries(order.map((field) => [field, 1])))
    .limit(size)
    .project(fields.length === 0 ? {} : { _id: 0, ...Object.fromEntries(fields.map((field) => [field, 1])) })
    .toArray();
}

function placeOf(change: FaceRecordChange): Fields {
  const { namespace, id } = change.kind === "put" ? change.record : change;
  return { revision: change.revision, namespace: orderedText(namespace), id: orderedText(id) };
}

function toChange(document: Fields, dimensions: number): FaceRecordChange {
  const revision = numberAt(document, "revision");
  return document.state === "erased"
    ? { kind: "delete", revision, namespace: idAt(document, "namespace"), id: idAt(document, "id") }
    : { kind: "put", revision, record: templateOf(document, dimensions) };
}

function templateOf(document: Fields, dimensions: number): NamespacedFaceRecord {
  const record = fromTemplate(document);
  if (record.vector.length === dimensions) return record;
  throw new Damage(`template "${record.id}" of namespace "${record.namespace}" has ${record.vector.length} numbers`);
}
