import { join } from "node:path";
import {
  type Difference,
  type FaceIndex,
  FaceKitError,
  type FaceRecords,
  type MemberSource,
  memoryPhotoStore,
  type PhotoStore,
  type Reconciliation,
  reconcile,
  type StrayFace,
  specVersion,
} from "@facekit/core";
import { sqliteStore } from "@facekit/store-sql";
import Libsql from "libsql";

const namespace = "torture";
const space = { id: "torture-8", dimensions: 8, metric: "cosine" } as const;
const longAgo = new Date("2023-01-01T00:00:00Z");

/** Every so many members there is one more difference of each kind. */
const every = 1000;
const batch = 10_000;
/** So many repairs `reconcile` has at work. */
const repairsAtATime = 8;

export interface ReconcileResult {
  readonly members: number;
  readonly injected: number;
  /** Of the injected, how many the plan told. */
  readonly found: number;
  /** Differences that were found after the repair, which was broken off half way and begun again. */
  readonly left: number;
  /** Greatest resident set of the whole process, the filling of the store with it. */
  readonly peakMb: number;
  readonly fillSeconds: number;
  readonly reconcileSeconds: number;
}

/**
 * So many members with a face each, in an SQLite file, and between them faces of nobody, faces whose entry is lost and known
 * elsewhere, members without a face, photos of nobody, wrong notes of face ids and stray faces. All must be found, nothing
 * else may be, and after a repair that is broken off half way and begun again nothing.
 */
export async function reconcileMany(
  folder: string,
  members: number,
): Promise<ReconcileResult & { readonly faults: readonly string[] }> {
  const file = join(folder, "members.db");
  const filling = performance.now();
  const injected = new Set<string>();
  const notes = new Map<string, readonly string[]>();
  let strays: StrayFace[] = [];
  const photos = memoryPhotoStore();
  await using store = sqliteStore(file);
  const { faceRecords } = store;
  await faceRecords.open(space);
  await fillFaces(faceRecords, members);
  fillMembers(file, members);
  for (let n = 0; n < members; n += every) {
    await photos.put(namespace, nameOf(n), "1", new Uint8Array([1]));
    await photos.put(namespace, `${nameOf(n)}-photo`, "1", new Uint8Array([1]));
    notes.set(nameOf(n), ["wrong"]);
    notes.set(`${nameOf(n)}-customer`, []);
    strays.push({ id: nameOf(n), why: "no-member", since: longAgo });
    injected.add(`stray-face ${nameOf(n)}`).add(`wrong-face-ids ${nameOf(n)}`);
    injected.add(`orphaned-faces ${nameOf(n)}-orphan`).add(`member-without-faces ${nameOf(n)}-customer`);
    injected.add(`orphaned-faces ${nameOf(n)}-lost`);
    injected.add(`orphaned-photos ${nameOf(n)}-photo`);
  }
  const fillSeconds = secondsSince(filling);

  const index = indexOver(faceRecords, {
    async *list() {
      yield* [...strays];
    },
    async delete(_, ids) {
      const before = strays.length;
      const gone = new Set(ids);
      strays = strays.filter(({ id }) => !gone.has(id));
      return before - strays.length;
    },
  });
  const source = sourceOver(store.members, notes);
  const run = (apply: boolean): Reconciliation =>
    reconcile({
      namespace,
      index,
      members: source,
      photos,
      graceMs: 0,
      apply,
      deleteMembersWithoutFaces: true,
      newMember: ({ memberId }) => (memberId.endsWith("-lost") ? { name: `Again ${memberId}` } : undefined),
    });

  const started = performance.now();
  const faults: string[] = [];
  const missing = new Set(injected);
  for await (const difference of run(false)) {
    const name = nameOfDifference(difference);
    if (!missing.delete(name)) faults.push(`not injected, or told twice: ${name}`);
    if (difference.outcome !== "planned") faults.push(`${difference.outcome}: ${name}`);
  }
  for (const name of missing) faults.push(`not found: ${name}`);
  // Some that are done when it is broken off are not told any more, and no other may be done twice.
  const toRepair = new Set(injected);
  for (const mostTold of [Math.ceil(injected.size / 2), injected.size]) {
    let told = 0;
    for await (const difference of run(true)) {
      const name = nameOfDifference(difference);
      if (!toRepair.delete(name)) faults.push(`not injected, or repaired twice: ${name}`);
      if (difference.outcome !== "repaired") faults.push(`${difference.outcome}: ${name}`);
      if (++told === mostTold) break;
    }
  }
  if (toRepair.size >= repairsAtATime) faults.push(`repairs of ${toRepair.size} differences are not told`);
  const again = run(false);
  let left = 0;
  for await (const difference of again) {
    left++;
    faults.push(`left: ${difference.kind}`);
  }
  const { counts } = again;
  const some = Math.ceil(members / every);
  if (counts.enrolled !== members + some || counts.members !== members + some) {
    faults.push(`of ${members + some} there are ${counts.enrolled} with faces and ${counts.members} entries`);
  }
  const kept = await photosLeft(photos);
  if (kept !== some) faults.push(`${kept} photos are left`);
  for (let n = 0; n < members; n += every) {
    const memberId = `${nameOf(n)}-lost`;
    const created = await source.get(namespace, memberId);
    const { name, faceIds } = created ?? {};
    if (name !== `Again ${memberId}` || faceIds?.join() !== `${memberId}/0`) faults.push(`not created: ${memberId}`);
  }
  return {
    members,
    injected: injected.size,
    found: injected.size - missing.size,
    left,
    peakMb: Math.round(process.resourceUsage().maxRSS / 1024),
    fillSeconds,
    reconcileSeconds: secondsSince(started),
    faults,
  };
}

function nameOfDifference(difference: Difference): string {
  return `${difference.kind} ${difference.kind === "stray-face" ? difference.stray.id : difference.memberId}`;
}

function nameOf(n: number): string {
  return `m${String(n).padStart(9, "0")}`;
}

function secondsSince(started: number): number {
  return Math.round((performance.now() - started) / 1000);
}

async function fillFaces(records: FaceRecords, members: number): Promise<void> {
  const axes = Array.from({ length: space.dimensions }, (_, axis) =>
    Float32Array.from({ length: space.dimensions }, (_, i) => (i === axis ? 1 : 0)),
  );
  const recordOf = (memberId: string, n: number) => {
    const vector = axes[n % axes.length] ?? new Float32Array();
    return { id: `${memberId}/0`, memberId, vector, createdAt: longAgo };
  };
  for (let start = 0; start < members; start += batch) {
    const some = Array.from({ length: Math.min(batch, members - start) }, (_, i) => start + i);
    await records.put(
      namespace,
      some.flatMap((n) => {
        const own = recordOf(nameOf(n), n);
        if (n % every !== 0) return [own];
        return [own, recordOf(`${nameOf(n)}-orphan`, n), recordOf(`${nameOf(n)}-lost`, n)];
      }),
    );
  }
}

/** In one transaction of their table: members are otherwise written one by one, and each is flushed to the disk. */
function fillMembers(file: string, members: number): void {
  const db = new Libsql(file);
  const insert = db.prepare("INSERT INTO members (namespace, id, name, created_at) VALUES (?, ?, ?, ?)");
  db.exec("BEGIN IMMEDIATE");
  for (let n = 0; n < members; n++) {
    insert.run([namespace, nameOf(n), `Member ${n}`, longAgo.getTime()]);
    if (n % every === 0) insert.run([namespace, `${nameOf(n)}-customer`, "Customer", longAgo.getTime()]);
  }
  db.exec("COMMIT");
  db.close();
}

/** What reconcile needs of an index, without a net. */
function indexOver(records: FaceRecords, strays: NonNullable<FaceIndex["strays"]>): FaceIndex {
  const without = (): Promise<never> =>
    Promise.reject(new FaceKitError("not-supported", "There is no net behind these faces."));
  return {
    specVersion,
    id: "torture-index",
    capabilities: { exact: true, readAfterWrite: true, persistent: true, conditionalWrites: false, scores: "cosine" },
    strays,
    probe: without,
    search: without,
    enrol: without,
    compare: without,
    deleteMember: async (where, memberId, call) => (await records.delete(where, { memberId }, call)).deleted,
    members: (where, call) => records.members(where, call),
    async [Symbol.asyncDispose]() {},
  };
}

/** A source that notes face ids; the right ones, unless `notes` says otherwise. */
function sourceOver(source: MemberSource, notes: Map<string, readonly string[]>): MemberSource {
  const noted = (id: string): readonly string[] => notes.get(id) ?? (id.endsWith("-lost") ? [] : [`${id}/0`]);
  return {
    ...source,
    async get(where, memberId, call) {
      const member = await source.get(where, memberId, call);
      return member && { ...member, faceIds: noted(memberId) };
    },
    async *list(where, call) {
      for await (const member of source.list(where, call)) yield { ...member, faceIds: noted(member.id) };
    },
    async linkFaces(_, memberId, faceIds) {
      notes.set(memberId, faceIds);
    },
  };
}

async function photosLeft(photos: PhotoStore): Promise<number> {
  let left = 0;
  for await (const _ of photos.list(namespace)) left++;
  return left;
}
