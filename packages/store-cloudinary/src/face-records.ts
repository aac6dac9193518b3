import {
  type CallOptions,
  checkFaceRecord,
  checkId,
  checkKeys,
  checkNumber,
  checkSpace,
  closedError,
  conflictError,
  type EmbeddingSpace,
  FaceKitError,
  type FaceRecord,
  type FaceRecords,
  isFaceKitError,
  mapConcurrently,
  type NamespacedFaceRecord,
  notOpenError,
  specVersion,
} from "@facekit/core";
import type { v2 } from "cloudinary";
import { CommitLog } from "./commit-log.js";
import { adapterId, corrupt } from "./failures.js";
import { keyOf, longestFolder, Names, nameOf, partsOf } from "./names.js";
import { Service } from "./service.js";
import { strayFaces } from "./strays.js";
import { listed, sweep } from "./sweep.js";
import { clearPlan, erasePlan, mostRequests, Writer } from "./writer.js";

export interface CloudinaryFaceRecordsOptions {
  /** `cloudinary://API_KEY:API_SECRET@CLOUD_NAME`. Default: the environment variable `CLOUDINARY_URL`. */
  readonly url?: string;
  /** The folder that everything lies in: small letters, digits, `-`, `_` and `/`, up to 60. Default `"facekit"`. */
  readonly folder?: string;
  /** Failed requests are not begun again after this many milliseconds. Default 15,000. */
  readonly deadlineMs?: number;
  /** How long one request may take, in milliseconds. Default 10,000. */
  readonly timeoutMs?: number;
  /** The SDK: `v2` of the package `cloudinary`. Imported when first needed unless it is given. */
  readonly client?: typeof v2;
}

/** How many changes are told from files that are read together. */
const pageSize = 128;

/**
 * Templates as private raw files in Cloudinary: one JSON file for each member, and a log of small files that gives the
 * writes their order. See docs/store-cloudinary.md for what the service promises and what it does not.
 *
 * Rejects with `access-denied`, `quota-exceeded`, `service-unavailable` and `store-corrupt` besides what every store does.
 */
export function cloudinaryFaceRecords(options: CloudinaryFaceRecordsOptions = {}): FaceRecords {
  checkKeys("cloudinaryFaceRecords", options, ["url", "folder", "deadlineMs", "timeoutMs", "client"]);
  const { folder = "facekit", deadlineMs = 15_000, timeoutMs = 10_000, client } = options;
  checkFolder(folder);
  checkNumber("deadlineMs", deadlineMs, { min: 0, max: 600_000 });
  checkNumber("timeoutMs", timeoutMs, { min: 1, max: 600_000 });
  const url = options.url ?? process.env.CLOUDINARY_URL ?? "";
  const service = new Service({ url, client, deadlineMs, timeoutMs });
  const store = `cloudinary folder ${folder}`;
  const names = new Names(folder);
  const log = new CommitLog(service, names);
  const writer = new Writer(service, log, names);
  let bound: EmbeddingSpace | undefined;
  let closed = false;

  const spaceOf = (): EmbeddingSpace => {
    if (closed) throw closedError(adapterId, store);
    if (bound === undefined) throw notOpenError(adapterId);
    return bound;
  };

  const bind = async (space: EmbeddingSpace, call: CallOptions | undefined): Promise<void> => {
    const { id, dimensions } = space;
    const made = JSON.stringify({ format: 1, space: { id, dimensions } });
    const version =
      (await service.version(names.space, call)) ?? (await service.create(names.space, made, call)).version;
    const held: unknown = Reflect.get(Object(await service.read(names.space, version, call)), "space");
    const heldId: unknown = Reflect.get(Object(held), "id");
    const heldDimensions: unknown = Reflect.get(Object(held), "dimensions");
    if (typeof heldId !== "string" || typeof heldDimensions !== "number") {
      throw corrupt(`${names.space} does not name the space of the templates.`);
    }
    checkSpace(adapterId, store, { ...space, id: heldId, dimensions: heldDimensions }, space);
  };

  /** Those of the templates that are there still, from wherever they are now. */
  const read = async (
    namespace: string,
    ids: readonly string[],
    call: CallOptions | undefined,
  ): Promise<NamespacedFaceRecord[]> => {
    const { dimensions } = spaceOf();
    for (let missed = 0; ; ) {
      const state = log.of(namespace);
      const holders = new Set(ids.flatMap((id) => state.templates.get(id)?.memberId ?? []));
      const files = [...holders].flatMap((memberId) => state.members.get(memberId) ?? []);
      const { revision } = log;
      const contents = await Promise.all(files.map((file) => writer.contents(file, call)));
      const found = contents.flatMap((file) => file?.templates ?? []).filter(({ id }) => ids.includes(id));
      if (!contents.includes(undefined)) {
        const damaged = found.find(({ vector }) => vector.length !== dimensions);
        if (damaged !== undefined) throw corrupt(`Template "${damaged.id}" of "${namespace}" has another length.`);
        return found.map((record) => ({ ...record, namespace }));
      }
      // Replaced since, most likely; the log says where it is now.
      await log.follow(call);
      if (log.revision === revision && ++missed >= 3) throw corrupt(`A file of namespace "${namespace}" is missing.`);
    }
  };

  const sweepMember = async (
    namespace: string,
    memberId: string,
    deleted: number,
    call: CallOptions | undefined,
  ): Promise<void> => {
    const erasedAt = log.of(namespace).unnamed.get(keyOf(nameOf(memberId)));
    if (erasedAt === undefined) return;
    try {
      await sweep(service, names.member(namespace, memberId), erasedAt, () => log.of(namespace), call);
    } catch (error) {
      // What the log names of him was deleted by name; a list finds what a killed process left, and `strays` later.
      if (deleted === 0 || !isFaceKitError(error, "quota-exceeded")) throw error;
    }
  };

  return {
    specVersion,
    id: adapterId,
    capabilities: { persistent: true },
    strays: strayFaces(service, log, names, writer, spaceOf),

    async open(space, call) {
      call?.signal?.throwIfAborted();
      if (closed) throw closedError(adapterId, store);
      if (bound !== undefined) return checkSpace(adapterId, store, bound, space);
      await bind(space, call);
      await log.load(call);
      bound = space;
    },

    async put(namespace, records, call = {}) {
      const space = spaceOf();
      call.signal?.throwIfAborted();
      checkId("namespace", namespace);
      const puts = new Map<string, FaceRecord>();
      for (const record of records) {
        checkFaceRecord(record, space, adapterId);
        // Later ones win. Copies, for the write comes later.
        puts.set(record.id, { ...record, vector: record.vector.slice(), createdAt: new Date(record.createdAt) });
      }
      const { ifRevision } = call;
      const check = ({ revision }: { readonly revision: number }): void => {
        if (ifRevision !== undefined && revision > ifRevision) {
          throw conflictError(adapterId, namespace, ifRevision, revision);
        }
      };
      if (puts.size > 0) return { revision: await writer.put(space, namespace, puts, check, call) };
      await log.follow(call);
      check(log.of(namespace));
      return { revision: log.revision };
    },

    async delete(namespace, selection, call = {}) {
      const space = spaceOf();
      call.signal?.throwIfAborted();
      checkId("namespace", namespace);
      if ("ids" in selection) {
        const ids = [...selection.ids];
        for (const id of ids) checkId("selection.ids", id);
        return writer.erase(space, namespace, (state) => erasePlan(state, ids), call);
      }
      const { memberId } = selection;
      checkId("selection.memberId", memberId);
      const outcome = await writer.erase(
        space,
        namespace,
        (state) => erasePlan(state, state.members.get(memberId)?.ids ?? []),
        call,
      );
      await sweepMember(namespace, memberId, outcome.deleted, call);
      return outcome;
    },

    async deleteNamespace(namespace, call = {}) {
      const space = spaceOf();
      call.signal?.throwIfAborted();
      checkId("namespace", namespace);
      await log.follow(call);
      const folderOfEvent = names.event(namespace);
      let unseen: unknown;
      const before = await listed(service, folderOfEvent, call).catch((error: unknown) => {
        // What the log names can be erased without a list; that nothing else is there cannot be told.
        if (!isFaceKitError(error, "quota-exceeded")) throw error;
        unseen = error;
        return [];
      });
      const outcome = await writer.erase(
        space,
        namespace,
        (state) => {
          const left = before.some(({ publicId }) => (partsOf(publicId)?.base ?? -1) >= state.cleared);
          return state.templates.size > 0 || left ? clearPlan : undefined;
        },
        call,
      );
      if (unseen !== undefined) throw unseen;
      await sweep(service, folderOfEvent, log.of(namespace).cleared, () => log.of(namespace), call);
      return outcome;
    },

    async *scan(namespace, call) {
      spaceOf();
      if (namespace !== undefined) checkId("namespace", namespace);
      await log.follow(call);
      for (const name of namespace === undefined ? [...log.namespaces.keys()] : [namespace]) {
        const members = [...log.of(name).members.values()].map(({ ids }) => [...ids]);
        for (let from = 0; from < members.length; from += mostRequests) {
          const page = members.slice(from, from + mostRequests);
          for (const found of await mapConcurrently(page, mostRequests, (ids) => read(name, ids, call))) {
            for (const record of found) {
              call?.signal?.throwIfAborted();
              yield record;
            }
          }
        }
      }
    },

    async revision(call) {
      spaceOf();
      await log.follow(call);
      return log.revision;
    },

    async *changes(since, call) {
      spaceOf();
      await log.follow(call);
      const all = changedSince(log, since);
      for (let from = 0; from < all.length; from += pageSize) {
        const page = all.slice(from, from + pageSize);
        const groups = new Map<string, { readonly namespace: string; readonly ids: string[] }>();
        for (const { namespace, id, memberId } of page) {
          if (memberId === undefined) continue;
          const key = JSON.stringify([namespace, memberId]);
          const group = groups.get(key) ?? { namespace, ids: [] };
          group.ids.push(id);
          groups.set(key, group);
        }
        const found = await mapConcurrently([...groups.values()], mostRequests, ({ namespace, ids }) =>
          read(namespace, ids, call),
        );
        const records = new Map(found.flat().map((record) => [JSON.stringify([record.namespace, record.id]), record]));
        for (const { namespace, id, revision, memberId } of page) {
          call?.signal?.throwIfAborted();
          if (memberId === undefined) {
            yield { kind: "delete", revision, namespace, id };
            continue;
          }
          const record = records.get(JSON.stringify([namespace, id]));
          // What changed again since is told with its later revision, to who asks next.
          const now = log.of(namespace).templates.get(id);
          if (record !== undefined && now?.revision === revision) yield { kind: "put", revision, record };
        }
      }
    },

    async *members(namespace, call) {
      spaceOf();
      checkId("namespace", namespace);
      await log.follow(call);
      const state = log.of(namespace);
      for (const memberId of [...state.members.keys()].sort()) {
        call?.signal?.throwIfAborted();
        const dates = [...(state.members.get(memberId)?.ids ?? [])].flatMap(
          (id) => state.templates.get(id)?.createdAt ?? [],
        );
        if (dates.length === 0) continue;
        const [enrolledAt, lastEnrolledAt] = [new Date(Math.min(...dates)), new Date(Math.max(...dates))];
        yield { memberId, templates: dates.length, enrolledAt, lastEnrolledAt };
      }
    },

    async [Symbol.asyncDispose]() {
      closed = true;
    },
  };
}

interface Changed {
  readonly namespace: string;
  readonly id: string;
  readonly revision: number;
  /** Absent where it was erased. */
  readonly memberId?: string;
}

function changedSince(log: CommitLog, since: number): Changed[] {
  const changed: Changed[] = [];
  for (const [namespace, state] of log.namespaces) {
    if (state.revision <= since) continue;
    for (const [id, { revision, memberId }] of state.templates) {
      if (revision > since) changed.push({ namespace, id, revision, memberId });
    }
    for (const [id, revision] of state.deleted) {
      if (revision > since) changed.push({ namespace, id, revision });
    }
  }
  return changed.sort((a, b) => a.revision - b.revision);
}

function checkFolder(folder: unknown): asserts folder is string {
  const part = "[a-z0-9_-]+";
  const good = typeof folder === "string" && folder.length <= longestFolder && !/(^|\/)v\d+(\/|$)/.test(folder);
  if (good && new RegExp(`^${part}(/${part})*$`).test(folder)) return;
  throw new FaceKitError(
    "invalid-argument",
    `folder wants up to ${longestFolder} small letters, digits, "-", "_" and "/", no part of which is "v" and a number; ` +
      `got ${JSON.stringify(folder)}.`,
    { adapter: adapterId },
  );
}
