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
import { corrupt, unavailable } from "./failures.js";
import type { KnownMember, NamespaceState, StoredFile } from "./log-state.js";
import { type MemberFile, memberFileText, toMemberFile } from "./member-file.js";
import { keyOf, type Names } from "./names.js";
import { mostRequests, type Service, type ServiceCall } from "./service.js";

/** Deletions at a time that nobody waits for: where they hang, requests are left for the others. */
const asideRequests = mostRequests / 4;

/** What becomes of a member's file. Where nothing stays or comes, it goes. */
interface MemberPlan {
  readonly puts: readonly FaceRecord[];
  /** Ids of the templates that stay. */
  readonly keeps: readonly string[];
  readonly erased: readonly string[];
}

/** What a write does. */
export interface Plan {
  readonly clear: boolean;
  /** By key. */
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

/** A file that may have no purpose any more. */
interface Leftover {
  readonly namespace: string;
  /** What the log says of it holds when it is known to this revision. */
  readonly after: number;
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
  readonly #leftovers = new Map<string, Leftover>();
  #cleaning: Promise<void> | undefined;
  #asked = false;

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
      try {
        const { revision } = await this.#write(space, namespace, plan, options);
        this.#cleanAside();
        return revision;
      } catch (error) {
        if (isFaceKitError(error, "conflict")) this.#cleanAside();
        throw error;
      }
    }, options.signal);
  }

  /**
   * Decides at a state that holds every acknowledged write, and fulfils when the erased files are gone. A put
   * that broke off may be completed by whoever writes next, this erasure too; only a plan that is never undefined is made
   * after it.
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
      await this.#clean(mostRequests, options);
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
    const until = performance.now() + this.#service.deadlineMs;
    let asked = 0;
    const leave = (file: string): void => {
      this.#leftovers.set(file, { namespace, after: asked });
    };
    try {
      for (let attempt = 0; ; attempt++) {
        options.signal?.throwIfAborted();
        if (attempt > 0 && performance.now() > until) throw unavailable("Other writers were faster each time.");
        const { revision: head } = this.#log;
        const state = this.#log.of(namespace);
        const plan = planner(state);
        if (plan === undefined) return { deleted: 0, revision: head };
        const first = state.templates.size === 0 && [...plan.members.values()].some(({ puts }) => puts.length > 0);
        if (!(await this.#stage(space, namespace, head, state, plan, staged, leave, options))) {
          await this.#log.follow(options);
          if (this.#log.revision === head) throw corrupt(`A file of namespace "${namespace}" is missing.`);
          continue;
        }
        if (first) await this.#putManifest(space, namespace, options);
        if (this.#log.revision !== head) continue;
        const obsolete = [...(plan.clear ? state.members.keys() : plan.members.keys())].flatMap(
          (key) => state.members.get(key)?.file ?? [],
        );
        const deleted = plan.clear
          ? state.templates.size
          : [...plan.members.values()].reduce((sum, { erased }) => sum + erased.length, 0);
        const commit: Commit = { batch, namespace, clear: plan.clear, members: changesOf(plan, staged) };
        asked = head + 1;
        if (await this.#log.commit(head, commit, until, options)) {
          for (const file of obsolete) leave(file);
          return { deleted, revision: asked };
        }
      }
    } finally {
      // Those that a commit names are not leftovers: who deletes them looks.
      for (const { file } of staged.values()) leave(file);
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
    leave: (file: string) => void,
    options: CallOptions,
  ): Promise<boolean> {
    const due = [...plan.members].filter(([key]) => {
      const known = staged.get(key);
      return known === undefined || state.touched(key) > known.base;
    });
    for (const [key] of due) {
      const useless = staged.get(key);
      if (useless !== undefined) leave(useless.file);
      staged.delete(key);
    }
    const files = due.map(([key, member]) => ({ key, member, before: state.members.get(key) }));
    const done = await mapConcurrently(files, mostRequests, async ({ key, member, before }) => {
      const templates = await this.#templates(member, before, options);
      if (templates === undefined) return false;
      const [first] = templates;
      if (first === undefined) return true;
      const file = this.#names.file(namespace, key, base);
      // It may be written though the answer is lost.
      leave(file);
      const text = memberFileText(space, namespace, first.memberId, templates);
      const { version } = await this.#service.create(file, text, options);
      staged.set(key, { file, version, base });
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
    await this.#service.create(this.#names.manifest(namespace), text, options);
  }

  /** Fulfils when nothing is being deleted any more. */
  async settled(): Promise<void> {
    await this.#cleaning;
  }

  /** After a put, which does not wait for it: what stays behind for now is in no search, and goes with the next write. */
  #cleanAside(): void {
    this.#asked = true;
    this.#cleaning ??= this.#cleanWhileAsked();
  }

  async #cleanWhileAsked(): Promise<void> {
    while (this.#asked) {
      this.#asked = false;
      await this.#clean(asideRequests, { deadlineMs: 0 }).catch(() => undefined);
    }
    this.#cleaning = undefined;
  }

  /** Deletes what has no purpose any more. */
  async #clean(most: number, options: ServiceCall): Promise<void> {
    const due = [...this.#leftovers].filter(([, { after }]) => after <= this.#log.revision);
    await mapConcurrently(due, most, async ([file, { namespace }]) => {
      if (!this.#log.of(namespace).files.has(file)) await this.#service.destroy(file, options);
      this.#leftovers.delete(file);
    });
  }
}

function changesOf(plan: Plan, staged: ReadonlyMap<string, Staged>): MemberChange[] {
  const changes = [...plan.members].map(([key, { puts, keeps, erased }]): MemberChange => {
    const staying = puts.length + keeps.length === 0 ? undefined : staged.get(key);
    return {
      key,
      ...(staying && { now: { file: staying.file, version: staying.version } }),
      puts: puts.map(({ id }) => id),
      erased,
    };
  });
  return [...changes, ...plan.touched.map((key) => ({ key, puts: [], erased: [] }))];
}

function putPlan(state: NamespaceState, records: ReadonlyMap<string, FaceRecord>): Plan {
  const puts = new Map<string, FaceRecord[]>();
  for (const record of records.values()) {
    const key = keyOf(record.memberId);
    const own = puts.get(key);
    if (own === undefined) puts.set(key, [record]);
    else own.push(record);
    // One that changes its member leaves the file of the other.
    const holder = state.templates.get(record.id)?.key;
    if (holder !== undefined && !puts.has(holder)) puts.set(holder, []);
  }
  const members = [...puts].map(([key, own]): [string, MemberPlan] => {
    const ids = state.members.get(key)?.ids ?? [];
    return [key, { puts: own, keeps: [...ids].filter((id) => !records.has(id)), erased: [] }];
  });
  return { clear: false, members: new Map(members), touched: [] };
}

/** Erases the templates with these ids, as far as they are there. */
export function erasePlan(state: NamespaceState, ids: Iterable<string>): Plan | undefined {
  const erased = new Map<string, string[]>();
  for (const id of new Set(ids)) {
    const holder = state.templates.get(id)?.key;
    if (holder === undefined) continue;
    const own = erased.get(holder);
    if (own === undefined) erased.set(holder, [id]);
    else own.push(id);
  }
  if (erased.size === 0) return undefined;
  const members = [...erased].map(([key, own]): [string, MemberPlan] => {
    const gone = new Set(own);
    const keeps = [...(state.members.get(key)?.ids ?? [])].filter((id) => !gone.has(id));
    return [key, { puts: [], keeps, erased: own }];
  });
  return { clear: false, members: new Map(members), touched: [] };
}

export const clearPlan: Plan = { clear: true, members: new Map(), touched: [] };

/** Lets no file be committed that was laid down for these members before. For none it takes a revision, and does no more. */
export function touchPlan(touched: readonly string[]): Plan {
  return { clear: false, members: new Map(), touched };
}
