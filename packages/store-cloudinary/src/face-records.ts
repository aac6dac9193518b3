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
import { Decisions } from "./decisions.js";
import { adapterId, corrupt } from "./failures.js";
import type { AboutMember, NamespaceState } from "./log-state.js";
import type { MemberFile } from "./member-file.js";
import { keyOf, longestFolder, Names } from "./names.js";
import { mostRequests, Service } from "./service.js";
import { strayFaces } from "./strays.js";
import { sweep } from "./sweep.js";
import { clearPlan, erasePlan, type Plan, touchPlan, Writer } from "./writer.js";

export interface CloudinaryFaceRecordsOptions {
  /** `cloudinary://API_KEY:API_SECRET@CLOUD_NAME`. Default: the environment variable `CLOUDINARY_URL`. */
  readonly url?: string;
  /** The folder that everything lies in: small letters, digits, `-`, `_` and `/`, up to 60. Default `"facekit"`. */
  readonly folder?: string;
  /** A failed request is not begun again after this many milliseconds, nor a write that others outran. Default 15,000. */
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
  const decisions = new Decisions(service, names);
  const log = new CommitLog(service, names, decisions);
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
    const made = { format: 1, space: { id, dimensions } };
    const file =
      (await decisions.made(names.space, call)) ??
      (await decisions.decide(names.space, made, performance.now() + deadlineMs, call));
    const held: unknown = Reflect.get(Object(file), "space");
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
    const wanted = new Set(ids);
    for (;;) {
      const state = log.of(namespace);
      const { revision } = log;
      const holders = new Set(ids.flatMap((id) => state.templates.get(id)?.key ?? []));
      const members = [...holders].flatMap((key) => state.members.get(key) ?? []);
      const files = await mapConcurrently(members, mostRequests, async (member) => {
        const due = [...member.ids].filter((id) => wanted.has(id));
        const file = await writer.contents(member, call);
        if (file === undefined) return undefined;
        const held = new Set(file.templates.map(({ id }) => id));
        if (!due.every((id) => held.has(id))) throw corrupt(`${member.file} lacks templates that the log names.`);
        member.about = aboutOf(file);
        return file;
      });
      if (!files.includes(undefined)) {
        const found = files.flatMap((file) => file?.templates ?? []).filter(({ id }) => wanted.has(id));
        const damaged = found.find(({ vector }) => vector.length !== dimensions);
        if (damaged !== undefined) throw corrupt(`Template "${damaged.id}" of "${namespace}" has another length.`);
        return found.map((record) => ({ ...record, namespace }));
      }
      // Replaced since: who deletes a file has told the log before.
      await log.follow(call);
      if (log.revision === revision) throw corrupt(`A file of namespace "${namespace}" is missing.`);
    }
  };

  /**
   * Erases, and deletes what others left. The plan is never undefined: the erasure takes a revision of its own, so it meets a put
   * that broke off at that revision, which somebody may still complete.
   */
  const eraseAndSweep = async (
    where: { readonly namespace: string; readonly key?: string },
    plan: (state: NamespaceState) => Plan,
    before: (state: NamespaceState) => number,
    call: CallOptions,
  ): Promise<{ deleted: number; revision: number }> => {
    const { namespace, key } = where;
    const swept = (): Promise<boolean> => sweep(service, log, names, where, before(log.of(namespace)), call);
    let outcome = await writer.erase(spaceOf(), namespace, plan, call);
    try {
      if (!(await swept())) return outcome;
      // Writes that broke off, or are under way: from here on they begin anew.
      const again = await writer.erase(spaceOf(), namespace, plan, call);
      outcome = { deleted: outcome.deleted + again.deleted, revision: again.revision };
      await swept();
      return outcome;
    } catch (error) {
      // What the log names of a member was deleted by name; a list finds what a killed process left, and `strays` later.
      if (key === undefined || outcome.deleted === 0 || !isFaceKitError(error, "quota-exceeded")) throw error;
      return outcome;
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
        const nothing = ids.length === 0 ? undefined : touchPlan([]);
        return writer.erase(space, namespace, (state) => erasePlan(state, ids) ?? nothing, call);
      }
      checkId("selection.memberId", selection.memberId);
      const key = keyOf(selection.memberId);
      const plan = (state: NamespaceState): Plan =>
        erasePlan(state, state.members.get(key)?.ids ?? []) ?? touchPlan([key]);
      return eraseAndSweep({ namespace, key }, plan, (state) => state.touched(key), call);
    },

    async deleteNamespace(namespace, call = {}) {
      spaceOf();
      call.signal?.throwIfAborted();
      checkId("namespace", namespace);
      return eraseAndSweep(
        { namespace },
        () => clearPlan,
        ({ cleared }) => cleared,
        call,
      );
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
        for (const { namespace, id, key } of page) {
          if (key === undefined) continue;
          const holder = JSON.stringify([namespace, key]);
          const group = groups.get(holder) ?? { namespace, ids: [] };
          group.ids.push(id);
          groups.set(holder, group);
        }
        const found = await mapConcurrently([...groups.values()], mostRequests, ({ namespace, ids }) =>
          read(namespace, ids, call),
        );
        const records = new Map(found.flat().map((record) => [JSON.stringify([record.namespace, record.id]), record]));
        for (const { namespace, id, revision, key } of page) {
          call?.signal?.throwIfAborted();
          if (key === undefined) {
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
      for (;;) {
        const unread = [...log.of(namespace).members.values()].filter(({ about }) => about === undefined);
        const ids = unread.slice(0, pageSize).flatMap((member) => [...member.ids].slice(0, 1));
        if (ids.length === 0) break;
        await read(namespace, ids, call);
      }
      const members = [...log.of(namespace).members.values()].flatMap(({ about, ids }) =>
        about === undefined ? [] : { about, templateIds: [...ids] },
      );
      for (const { about, templateIds } of members.sort((a, b) => (a.about.memberId < b.about.memberId ? -1 : 1))) {
        call?.signal?.throwIfAborted();
        const [enrolledAt, lastEnrolledAt] = [new Date(about.first), new Date(about.last)];
        yield { memberId: about.memberId, templates: templateIds.length, enrolledAt, lastEnrolledAt, templateIds };
      }
    },

    async [Symbol.asyncDispose]() {
      closed = true;
      await writer.settled();
    },
  };
}

interface Changed {
  readonly namespace: string;
  readonly id: string;
  readonly revision: number;
  /** Of its member. Absent where it was erased. */
  readonly key?: string;
}

function changedSince(log: CommitLog, since: number): Changed[] {
  const changed: Changed[] = [];
  for (const [namespace, state] of log.namespaces) {
    if (state.revision <= since) continue;
    for (const [id, { revision, key }] of state.templates) {
      if (revision > since) changed.push({ namespace, id, revision, key });
    }
    for (const [id, revision] of state.deleted) {
      if (revision > since) changed.push({ namespace, id, revision });
    }
  }
  return changed.sort((a, b) => a.revision - b.revision);
}

function aboutOf({ memberId, templates }: MemberFile): AboutMember {
  const times = templates.map(({ createdAt }) => createdAt.getTime());
  const [first, last] = [
    times.reduce((a, b) => Math.min(a, b), Infinity),
    times.reduce((a, b) => Math.max(a, b), -Infinity),
  ];
  return { memberId, first, last };
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
