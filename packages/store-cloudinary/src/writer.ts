import { randomUUID } from "node:crypto";
import {
  type CallOptions,
  type EmbeddingSpace,
  type FaceRecord,
  isFaceKitError,
  limiter,
  mapConcurrently,
} from "@facekit/core";
import type { Commit, MemberChange } from "./commit.js";
import type { CommitLog } from "./commit-log.js";
import { corrupt } from "./failures.js";
import type { KnownMember, NamespaceState, StoredFile } from "./log-state.js";
import { type MemberFile, memberFileText, toMemberFile } from "./member-file.js";
import { keyOf, type Names, nameOf } from "./names.js";
import type { Service } from "./service.js";

/** Requests at a time. The service throttles accounts that send many more. */
export const mostRequests = 8;

/** What becomes of a member's file. Where nothing stays or comes, it goes. */
interface MemberPlan {
  readonly puts: readonly FaceRecord[];
  /** Ids of the templates that stay. */
  readonly keeps: readonly string[];
  readonly erased: readonly string[];
}

interface Plan {
  readonly clear: boolean;
  readonly members: ReadonlyMap<string, MemberPlan>;
  /** Keys of members whose staged files shall no longer be committed. */
  readonly touched: readonly string[];
}

/** What to write where the log is at a state; undefined for nothing. It may be asked again, and throws `conflict`. */
export type Planner = (state: NamespaceState) => Plan | undefined;

/** A file that was laid down for a commit that is yet to come. */
interface Staged extends StoredFile {
  /** The revision that its contents were made at. */
  readonly base: number;
}

/**
 * Writes: first the members' new files under names that nobody knows, then the commit that names them, then what they
 * replace is deleted. What another writer committed meanwhile about the same members makes a file useless, and it is made
 * anew; so of two who write about one member neither loses a template.
 */
export class Writer {
  readonly #service: Service;
  readonly #log: CommitLog;
  readonly #names: Names;
  // Those of one process queue here and not at the service, where each that comes too late asks again.
  readonly #inTurn = limiter(1);
  /** Files without a purpose that could not be deleted yet. */
  readonly #leftovers = new Set<string>();

  constructor(service: Service, log: CommitLog, names: Names) {
    this.#service = service;
    this.#log = log;
    this.#names = names;
  }

  put(
    space: EmbeddingSpace,
    namespace: string,
    records: ReadonlyMap<string, FaceRecord>,
    check: (state: NamespaceState) => void,
    options: CallOptions,
  ): Promise<number> {
    const plan: Planner = (state) => {
      check(state);
      return putPlan(state, records);
    };
    return this.#inTurn(async () => {
      const { revision } = await this.#write(space, namespace, plan, options);
      await this.#clean(options).catch(() => undefined);
      return revision;
    }, options.signal);
  }

  /**
   * Decides at a state that holds every acknowledged write, and fulfils when the erased files are gone, and the names of
   * those who are erased.
   */
  erase(
    space: EmbeddingSpace,
    namespace: string,
    plan: Planner,
    options: CallOptions,
  ): Promise<{ deleted: number; revision: number }> {
    return this.#inTurn(async () => {
      await this.#log.follow(options);
      const outcome = await this.#write(space, namespace, plan, options);
      await this.#clean(options);
      await this.#log.forget(namespace, options);
      return outcome;
    }, options.signal);
  }

  /** The contents of a member's file, or undefined where it was replaced since. */
  async contents({ file, version }: StoredFile, options: CallOptions | undefined): Promise<MemberFile | undefined> {
    const value = await this.#service.read(file, version, options);
    return value === undefined ? undefined : toMemberFile(value, file);
  }

  async #write(
    space: EmbeddingSpace,
    namespace: string,
    planner: Planner,
    options: CallOptions,
  ): Promise<{ deleted: number; revision: number }> {
    const staged = new Map<string, Staged>();
    const batch = randomUUID();
    let uncertain = false;
    try {
      for (let looked = 0; ; ) {
        options.signal?.throwIfAborted();
        const { revision: head, batch: previous } = this.#log;
        const state = this.#log.of(namespace);
        const plan = planner(state);
        if (plan === undefined) return { deleted: 0, revision: head };
        const first = state.templates.size === 0 && [...plan.members.values()].some(({ puts }) => puts.length > 0);
        if (!(await this.#stage(space, namespace, head, state, plan, staged, options))) {
          await this.#log.follow(options);
          if (++looked >= 3 && this.#log.revision === head)
            throw corrupt(`A file of namespace "${namespace}" is missing.`);
          continue;
        }
        if (first) await this.#putManifest(space, namespace, options);
        if (this.#log.revision !== head) continue;
        const obsolete = [...(plan.clear ? state.members.keys() : plan.members.keys())].flatMap(
          (memberId) => state.members.get(memberId)?.file ?? [],
        );
        const deleted = plan.clear
          ? state.templates.size
          : [...plan.members.values()].reduce((sum, { erased }) => sum + erased.length, 0);
        // By name: who reads the log later must learn of them though the commits that put them tell nothing any more.
        const cleared: MemberChange[] = plan.clear ? [{ key: "", puts: [], erased: [...state.templates.keys()] }] : [];
        const members = [...cleared, ...changesOf(plan, staged)];
        const commit: Commit = { batch, previous, namespace, clear: plan.clear, members };
        uncertain = true;
        const revision = await this.#log.commit(head, commit, options);
        if (revision !== undefined) {
          const named = new Set(members.flatMap(({ now }) => now?.file ?? []));
          const unused = [...staged.values()].flatMap(({ file }) => (named.has(file) ? [] : file));
          for (const file of [...obsolete, ...unused]) this.#leftovers.add(file);
          return { deleted, revision };
        }
        uncertain = false;
        await this.#log.follow(options);
      }
    } catch (error) {
      // A commit whose answer was lost may still name them.
      if (!uncertain) for (const { file } of staged.values()) this.#leftovers.add(file);
      if (isFaceKitError(error, "conflict")) await this.#clean(options).catch(() => undefined);
      throw error;
    }
  }

  /** Lays down the files of a plan. False where one that it builds on is no longer there. */
  async #stage(
    space: EmbeddingSpace,
    namespace: string,
    base: number,
    state: NamespaceState,
    plan: Plan,
    staged: Map<string, Staged>,
    options: CallOptions,
  ): Promise<boolean> {
    const due = [...plan.members].filter(([memberId]) => {
      const known = staged.get(memberId);
      return known === undefined || state.touched(memberId) > known.base;
    });
    const useless = due.flatMap(([memberId]) => staged.get(memberId)?.file ?? []);
    for (const file of useless) this.#leftovers.add(file);
    const files = due.map(([memberId, member]) => ({ memberId, member, before: state.members.get(memberId) }));
    const done = await mapConcurrently(files, mostRequests, async ({ memberId, member, before }) => {
      const templates = await this.#templates(member, before, options);
      if (templates === undefined) return false;
      if (templates.length === 0) return true;
      const file = this.#names.file(namespace, memberId, base);
      const text = memberFileText(space, namespace, memberId, templates);
      staged.set(memberId, { file, version: await this.#service.put(file, text, options), base });
      return true;
    });
    return done.every(Boolean);
  }

  async #templates(
    { puts, keeps }: MemberPlan,
    before: KnownMember | undefined,
    options: CallOptions,
  ): Promise<readonly FaceRecord[] | undefined> {
    if (keeps.length === 0 || before === undefined) return puts;
    const held = await this.contents(before, options);
    if (held === undefined) return undefined;
    const kept = held.templates.filter(({ id }) => keeps.includes(id));
    if (kept.length !== keeps.length) throw corrupt(`${before.file} lacks templates that the log names.`);
    return [...kept, ...puts];
  }

  /** Says to whom reads the account what lies in the folder. Nothing depends on it. */
  async #putManifest(space: EmbeddingSpace, namespace: string, options: CallOptions): Promise<void> {
    const { id, dimensions } = space;
    const text = JSON.stringify({ format: 1, namespace, space: { id, dimensions } });
    await this.#service.put(this.#names.manifest(namespace), text, options);
  }

  /** Deletes what has no purpose any more. */
  async #clean(options: CallOptions): Promise<void> {
    await mapConcurrently([...this.#leftovers], mostRequests, async (file) => {
      await this.#service.destroy(file, options);
      this.#leftovers.delete(file);
    });
  }
}

function changesOf(plan: Plan, staged: ReadonlyMap<string, Staged>): MemberChange[] {
  const changes = [...plan.members].map(([memberId, { puts, keeps, erased }]): MemberChange => {
    const told = { puts: puts.map(({ id, createdAt }) => [id, createdAt.getTime()] as const), erased };
    const file = puts.length + keeps.length === 0 ? undefined : staged.get(memberId);
    if (file === undefined) return { key: keyOf(nameOf(memberId)), ...told };
    return { now: { memberId, file: file.file, version: file.version }, ...told };
  });
  return [...changes, ...plan.touched.map((key) => ({ key, puts: [], erased: [] }))];
}

function putPlan(state: NamespaceState, records: ReadonlyMap<string, FaceRecord>): Plan {
  const puts = new Map<string, FaceRecord[]>();
  for (const record of records.values()) {
    const own = puts.get(record.memberId);
    if (own === undefined) puts.set(record.memberId, [record]);
    else own.push(record);
    // One that changes its member leaves the file of the other.
    const holder = state.templates.get(record.id)?.memberId;
    if (holder !== undefined && !puts.has(holder)) puts.set(holder, []);
  }
  const members = [...puts].map(([memberId, own]): [string, MemberPlan] => {
    const ids = state.members.get(memberId)?.ids ?? [];
    return [memberId, { puts: own, keeps: [...ids].filter((id) => !records.has(id)), erased: [] }];
  });
  return { clear: false, members: new Map(members), touched: [] };
}

/** Erases the templates with these ids, as far as they are there. */
export function erasePlan(state: NamespaceState, ids: Iterable<string>): Plan | undefined {
  const erased = new Map<string, string[]>();
  for (const id of new Set(ids)) {
    const holder = state.templates.get(id)?.memberId;
    if (holder === undefined) continue;
    const own = erased.get(holder);
    if (own === undefined) erased.set(holder, [id]);
    else own.push(id);
  }
  if (erased.size === 0) return undefined;
  const members = [...erased].map(([memberId, own]): [string, MemberPlan] => {
    const gone = new Set(own);
    const keeps = [...(state.members.get(memberId)?.ids ?? [])].filter((id) => !gone.has(id));
    return [memberId, { puts: [], keeps, erased: own }];
  });
  return { clear: false, members: new Map(members), touched: [] };
}

export const clearPlan: Plan = { clear: true, members: new Map(), touched: [] };

/** Lets no file be committed that was laid down for these members before. */
export function touchPlan(touched: readonly string[]): Plan {
  return { clear: false, members: new Map(), touched };
}
