import type { OpenedBackend } from "../store/backends.js";
import { namespace, type Operation, templatesOf, templatesOfMember } from "./members.js";

/** What the store must hold by all that was acknowledged, and what it was caught at. */
export class Truth {
  readonly members = new Map<string, number>();
  acknowledged = 0;
  /** Acknowledged writes that are not there: a member, a replacement or an erasure. */
  lost = 0;
  /** Members, or calls that register several, of which only a part is there. */
  half = 0;
  /** Members who are there and whom nobody registered, and searches that do not agree with the records. */
  disagreeing = 0;
  readonly faults: string[] = [];

  acknowledge(operation: Operation): void {
    this.acknowledged += operation.members.length;
    this.#apply(operation);
  }

  /**
   * Compares the whole store with the truth. A write that was cut off is there whole or not at all; either is right,
   * and the truth from then on. Gives those that are not there: on a server, one may still come.
   */
  async check(
    opened: OpenedBackend,
    cutOff: readonly Operation[],
    touched: ReadonlySet<string>,
  ): Promise<readonly Operation[]> {
    const open = new Set(cutOff.flatMap(({ members }) => members.map(([memberId]) => memberId)));
    const found = await this.#read(opened, new Set([...touched, ...open]), cutOff);
    const absent = cutOff.filter((operation) => !this.#settle(operation, found));
    for (const [memberId, version] of this.members) {
      const there = found.get(memberId);
      found.delete(memberId);
      if (there === version || open.has(memberId)) continue;
      if (there === "half") this.#fault("half", `${memberId} is there in part`);
      else this.#fault("lost", `${memberId} should be there in version ${version}, not ${there ?? "at all"}`);
    }
    for (const memberId of found.keys()) {
      if (open.has(memberId)) continue;
      if (touched.has(memberId)) this.#fault("lost", `${memberId} was erased and is there`);
      else this.#fault("disagreeing", `${memberId} is there and was never acknowledged`);
    }
    await this.#search(opened, touched);
    return absent;
  }

  #apply({ kind, members }: Operation): void {
    for (const [memberId, version] of members) {
      if (kind === "put") this.members.set(memberId, version);
      else this.members.delete(memberId);
    }
  }

  /** Whether it is there. */
  #settle(operation: Operation, found: ReadonlyMap<string, number | "half">): boolean {
    const before = operation.members.map(([memberId]) => this.members.get(memberId));
    const after = operation.members.map(([, version]) => (operation.kind === "put" ? version : undefined));
    const now = operation.members.map(([memberId]) => found.get(memberId));
    if (now.every((version, i) => version === after[i])) {
      this.#apply(operation);
      return true;
    }
    if (!now.every((version, i) => version === before[i])) {
      this.#fault("half", `${JSON.stringify(operation)} left ${JSON.stringify(now)}`);
    }
    return false;
  }

  /** The version in which each member is there. */
  async #read(
    { store, records }: OpenedBackend,
    touched: ReadonlySet<string>,
    cutOff: readonly Operation[],
  ): Promise<Map<string, number | "half">> {
    const found = new Map<string, number | "half">();
    const counts = new Map<string, number>();
    for await (const { memberId, templates } of store.members(namespace)) counts.set(memberId, templates);
    if (records === undefined) {
      for (const [memberId, count] of counts) {
        const next = cutOff.flatMap(({ members }) =>
          members.flatMap(([id, version]) => (id === memberId ? version : [])),
        );
        const versions = [this.members.get(memberId) ?? [], next].flat();
        const known = touched.has(memberId) ? await versionAmong(store, memberId, versions) : versions[0];
        found.set(memberId, count === templatesOfMember ? (known ?? "half") : "half");
      }
      return found;
    }
    const sources = new Map<string, string[]>();
    for await (const record of records.scan(namespace)) {
      const right = templatesOf(record.memberId, Number(record.source)).find(({ id }) => id === record.id);
      const same = right?.vector.every((value, i) => value === record.vector[i]) ?? false;
      const own = sources.get(record.memberId) ?? [];
      sources.set(record.memberId, own);
      own.push(same ? (record.source ?? "") : "damaged");
    }
    for (const [memberId, own] of sources) {
      const whole = own.length === templatesOfMember && counts.get(memberId) === own.length;
      found.set(memberId, whole && own.every((source) => source === own[0]) ? Number(own[0]) : "half");
    }
    return found;
  }

  /** Those who were touched, and some others, are found by each of their templates; who was erased is not. */
  async #search({ store }: OpenedBackend, touched: ReadonlySet<string>): Promise<void> {
    const others = [...this.members.keys()].filter((_, i, { length }) => i % Math.ceil(length / 8) === 0);
    for (const memberId of new Set([...[...touched].slice(-12), ...others])) {
      const version = this.members.get(memberId);
      const probes = templatesOf(memberId, version ?? 1).map(({ vector }) => vector);
      const { matches } = await store.search(namespace, probes, { k: 1 });
      for (const [match] of matches) {
        const there = match !== undefined && match.similarity > 0.9999 && match.memberId === memberId;
        if (there !== (version !== undefined)) {
          this.#fault("disagreeing", `a search ${there ? "finds" : "does not find"} ${memberId}`);
        }
      }
    }
  }

  #fault(what: "lost" | "half" | "disagreeing", why: string): void {
    this[what]++;
    this.faults.push(`${what}: ${why}`);
  }
}

/** An engine that searches by itself shows its templates by how near they are. */
async function versionAmong(
  store: OpenedBackend["store"],
  memberId: string,
  versions: readonly number[],
): Promise<number | undefined> {
  for (const version of versions) {
    const templates = templatesOf(memberId, version);
    const probes = templates.map(({ vector }) => vector);
    const { matches } = await store.search(namespace, probes, { k: 1, memberIds: [memberId] });
    if (matches.every(([match], i) => match?.templateId === templates[i]?.id && (match?.similarity ?? 0) > 0.9999)) {
      return version;
    }
  }
  return undefined;
}
