import { randomUUID } from "node:crypto";
import { type FaceRecord, fromOrderedText, isFaceKitError, meanTemplate, orderedText } from "@facekit/core";
import { type Commit, CommitLog } from "./commit-log.js";
import type { Fields, Server } from "./connection.js";
import { Damage } from "./failures.js";
import { numberAt, textAt } from "./fields.js";
import { chunksOf, compactEvery, createStagingIndex, insertStaged, sweepStaged, unstage } from "./staged-documents.js";
import { fromTemplate, toTemplate } from "./template-document.js";

/**
 * The collection of templates, whose documents are in one of these states:
 *
 * - `staged`: laid down by a write that is not committed. Nobody sees it; it goes after two hours.
 * - `live`: a template.
 * - `mean`: the mean of a live member's templates, where there are several: for `$vectorSearch` alone.
 * - `erased`: namespace, id and revision of a template that was erased, for indexes to learn of it.
 *
 * `revision` is of templates, live or erased: that of the write that made them so. `shownAt` is the revision since which
 * a template or a mean can be searched for.
 */
export const templates = "templates";

/** Which live templates a write takes away. */
export type Selection =
  | { readonly kind: "none" }
  | { readonly kind: "all" }
  | { readonly kind: "member"; readonly member: string }
  | { readonly kind: "ids"; readonly ids: readonly string[] };

/** A write of templates: it brings some, or takes some away. Namespace and ids as they are stored. */
export interface TemplateWrite {
  readonly namespace: string;
  readonly puts: readonly FaceRecord[];
  readonly erases: Selection;
  /** Throws where the write must not be. Gets the last revision of the namespace that it would change. */
  readonly check: (revision: number) => void;
}

export interface TemplateOutcome {
  readonly revision: number;
  readonly erased: number;
}

/** How many templates and means a namespace holds. */
export interface Counts {
  readonly templates: number;
  readonly means: number;
}

/** The commits of templates, and what they do. */
export class TemplateLog {
  readonly #log = new CommitLog("commits", settle, discard);

  async createIndexes(server: Server): Promise<void> {
    await this.#log.createIndexes(server);
    await server.index(templates, [
      { key: { namespace: 1, id: 1, revision: 1 }, name: "by_id" },
      // Holds all that members are told from, in the order of the pages.
      { key: { namespace: 1, member: 1, state: 1, id: 1, revision: 1, createdAt: 1 }, name: "members_in_order" },
      { key: { revision: 1, namespace: 1, id: 1 }, name: "by_revision" },
      { key: { batch: 1 }, name: "by_batch" },
      { key: { shownAt: 1 }, name: "by_showing" },
    ]);
    await createStagingIndex(server, templates);
  }

  /** The last revision, settled. */
  head(server: Server): Promise<number> {
    return this.#log.head(server);
  }

  /** Of the settled state. */
  async counts(server: Server, namespace: string): Promise<Counts> {
    return countsOf(await this.#log.lastOf(server, namespace));
  }

  /** The last revision. Throws what the write's own `check` throws, before anything is laid down for one to be refused. */
  async check(server: Server, { namespace, check }: TemplateWrite): Promise<number> {
    const head = await this.#log.head(server);
    check((await this.#log.lastOf(server, namespace))?.revision ?? 0);
    return head;
  }

  /** Lays down what a write brings, and gives the batch that names it. */
  async stage(server: Server, { namespace, puts }: TemplateWrite): Promise<string> {
    const batch = randomUUID();
    const name = fromOrderedText(namespace);
    await insertStaged(
      server,
      templates,
      batch,
      puts.map((record) => toTemplate(server.driver, name, record)),
    );
    return batch;
  }

  /** Takes back what was laid down for a write that was refused. */
  async unstage(server: Server, batch: string): Promise<void> {
    await unstage(server, templates, batch);
  }

  /** Commits a write whose templates were laid down. Undefined where some of them are not there any more. */
  async commit(
    server: Server,
    batch: string,
    write: TemplateWrite,
    again: boolean,
  ): Promise<TemplateOutcome | undefined> {
    const { namespace } = write;
    let meansBatch: string | undefined;
    const takeBackMeans = async (): Promise<void> => {
      if (meansBatch !== undefined) await this.unstage(server, meansBatch);
      meansBatch = undefined;
    };
    const prepare = async (): Promise<Fields | undefined> => {
      await takeBackMeans();
      const last = await this.#log.lastOf(server, namespace);
      write.check(last?.revision ?? 0);
      meansBatch = randomUUID();
      return planOf(server, batch, meansBatch, write, countsOf(last));
    };
    try {
      const outcome = await this.#log.commit(server, { batch, namespace, prepare }, again);
      if (outcome.kind === "nothing") return { revision: outcome.revision, erased: 0 };
      if (outcome.commit.empty) return undefined;
      const { revision } = outcome.commit;
      if (revision % compactEvery === 0) {
        await this.#log.compact(server, namespace, revision);
        await sweepStaged(server, templates);
      }
      return { revision, erased: amountAt(outcome.commit, "erased") };
    } catch (error) {
      // After other errors the commit may be there.
      if (isFaceKitError(error)) await takeBackMeans();
      throw error;
    }
  }
}

/**
 * What the commit shall say. What it replaces is told by `_id`, which is never used again, so that a commit that is
 * settled late takes away nothing that came later. Lays down the new means.
 */
async function planOf(
  server: Server,
  batch: string,
  meansBatch: string,
  { namespace, puts, erases }: TemplateWrite,
  before: Counts,
): Promise<Fields | undefined> {
  const collection = server.collection(templates);
  if (erases.kind === "all") {
    const erased = await collection.countDocuments({ namespace, state: "live" });
    if (erased === 0 && !(await isStaged(server, namespace, {}))) return undefined;
    return { erases, erased, templates: 0, means: 0 };
  }
  const ids = erases.kind === "ids" ? [...new Set(erases.ids)] : puts.map(({ id }) => orderedText(id));
  // What a member that is erased has, or what has one of the ids: templates, and of a put what tells of erased ones.
  const filters: Fields[] =
    erases.kind === "member" ? [{ member: erases.member }] : chunksOf(ids).map((some) => ({ id: { $in: some } }));
  const held: Fields[] = [];
  for (const filter of filters) {
    const found = collection.find({ namespace, ...filter, revision: { $gt: 0 }, batch: { $ne: batch } });
    held.push(...(await found.project({ member: 1, state: 1 }).toArray()));
  }
  const live = held.filter(({ state }) => state === "live");
  const erased = erases.kind === "none" ? 0 : live.length;
  if (erased + puts.length === 0) {
    const left = await Promise.all(filters.map((filter) => isStaged(server, namespace, filter)));
    if (!left.includes(true)) return undefined;
  }

  const puttings = groupBy(puts, ({ memberId }) => orderedText(memberId));
  const members = new Set([...puttings.keys(), ...live.map((document) => textAt(document, "member"))]);
  const removes = puts.length === 0 ? [] : held.map((document) => textAt(document, "_id"));
  const leaving = new Set(ids);
  let made = 0;
  let unmade = 0;
  for (const some of chunksOf([...members], 200)) {
    const there = await collection
      .find({ namespace, member: { $in: some }, state: { $in: ["live", "mean"] } })
      .toArray();
    const stay = there.filter(
      ({ state, id, batch: of }) =>
        state === "live" && of !== batch && erases.kind !== "member" && !leaving.has(String(id)),
    );
    const means = meansOf([
      ...stay.map((document) => ({ ...fromTemplate(document), member: textAt(document, "member") })),
      ...some.flatMap((member) => (puttings.get(member) ?? []).map((record) => ({ ...record, member }))),
    ]);
    const documents = means.map(({ member, vector }) => ({
      namespace,
      member,
      vector: server.driver.Binary.fromFloat32Array(vector),
    }));
    await insertStaged(server, templates, meansBatch, documents, made);
    made += documents.length;
    const old = there.filter(({ state }) => state === "mean");
    unmade += old.length;
    removes.push(...old.map((document) => textAt(document, "_id")));
  }
  return {
    puts: puts.length,
    meansBatch,
    meansMade: made,
    removes,
    ...(erases.kind !== "none" && { erases, erased }),
    templates: before.templates + puts.length - live.length,
    means: before.means + made - unmade,
  };
}

/** Whether a write that was broken off, or is under way, laid down what an erasure is to take away. */
async function isStaged(server: Server, namespace: string, filter: Fields): Promise<boolean> {
  return (await server.collection(templates).findOne({ namespace, ...filter, state: "staged" })) !== null;
}

/** Shows what the write brings, sees that all of it is there, and takes away what it replaces or erases. */
async function settle(server: Server, commit: Commit): Promise<boolean> {
  const collection = server.collection(templates);
  const { revision, namespace, batch } = commit;
  const show = async (of: unknown, amount: number, state: Fields): Promise<boolean> => {
    if (amount === 0) return true;
    const { matchedCount } = await collection.updateMany({ batch: of }, { $set: state, $unset: { stagedAt: "" } });
    return matchedCount >= amount;
  };
  const live = { state: "live", revision, shownAt: revision };
  if (!(await show(batch, amountAt(commit, "puts"), live))) return false;
  // A mean has no revision: local indexes are not told of it.
  const mean = { state: "mean", shownAt: revision };
  if (!(await show(commit.meansBatch, amountAt(commit, "meansMade"), mean))) return false;
  for (const filter of erasedBy(commit)) {
    // Of writes that were broken off. One that is under way finds its templates missing, and lays them down again.
    await collection.deleteMany({ namespace, ...filter, state: "staged" });
    await collection.updateMany(
      { namespace, ...filter, state: "live", revision: { $lt: revision } },
      {
        $set: { state: "erased", revision },
        $unset: { member: "", vector: "", createdAt: "", source: "", checksum: "", batch: "", shownAt: "" },
      },
    );
    if (Object.keys(filter).length > 0) continue;
    await collection.deleteMany({ namespace, state: "mean", shownAt: { $lt: revision } });
  }
  for (const some of chunksOf(textsAt(commit, "removes"))) await collection.deleteMany({ _id: { $in: some } });
  return true;
}

async function discard(server: Server, { batch, meansBatch }: Commit): Promise<void> {
  await server.collection(templates).deleteMany({ batch: { $in: [batch, meansBatch] } });
}

/** The filters of the templates that a commit erases. */
function erasedBy({ erases }: Commit): Fields[] {
  if (typeof erases !== "object" || erases === null || !("kind" in erases)) return [];
  if (erases.kind === "member" && "member" in erases) return [{ member: erases.member }];
  if (erases.kind === "ids" && "ids" in erases && Array.isArray(erases.ids)) {
    return chunksOf(erases.ids).map((some) => ({ id: { $in: some } }));
  }
  if (erases.kind === "all") return [{}];
  throw new Damage("a commit does not tell what it erases");
}

/** Means of members who have several templates, summed in the code-unit order of their ids. */
function meansOf(
  records: readonly (FaceRecord & { readonly member: string })[],
): { readonly member: string; readonly vector: Float32Array }[] {
  return [...groupBy(records, ({ member }) => member)].flatMap(([member, own]) => {
    const sorted = own.toSorted((a, b) => (a.id < b.id ? -1 : 1));
    const vector = own.length < 2 ? undefined : meanTemplate(sorted.map((record) => record.vector));
    return vector === undefined ? [] : [{ member, vector }];
  });
}

function countsOf(commit: Commit | undefined): Counts {
  return commit === undefined
    ? { templates: 0, means: 0 }
    : { templates: numberAt(commit, "templates"), means: numberAt(commit, "means") };
}

/** A number that is 0 where it is missing. */
function amountAt(commit: Commit, field: string): number {
  return commit[field] === undefined ? 0 : numberAt(commit, field);
}

function textsAt(commit: Commit, field: string): string[] {
  const list = commit[field] ?? [];
  if (Array.isArray(list) && list.every((item) => typeof item === "string")) return list;
  throw new Damage(`a commit holds no list of texts as "${field}"`);
}

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group === undefined) groups.set(keyOf(item), [item]);
    else group.push(item);
  }
  return groups;
}
