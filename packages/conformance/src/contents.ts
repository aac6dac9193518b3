import type { EnrolledMember, FaceRecord, FaceRecords, NamespacedFaceRecord } from "@facekit/core";
import { withoutIds } from "./enrolled.js";
import { equal } from "./expect.js";
import { collect } from "./suite.js";

/** All records, or those of one namespace, in an order that is the same for every backend: scans come in any. */
export async function contents(records: FaceRecords, namespace?: string): Promise<NamespacedFaceRecord[]> {
  return sorted(await collect(records.scan(namespace)));
}

export function named(namespace: string, records: readonly FaceRecord[]): NamespacedFaceRecord[] {
  return sorted(records.map((item) => ({ ...item, namespace })));
}

function sorted(records: NamespacedFaceRecord[]): NamespacedFaceRecord[] {
  return records.sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
}

export function keyOf({ namespace, id }: { readonly namespace: string; readonly id: string }): string {
  return JSON.stringify([namespace, id]);
}

/** What an index that follows the changes holds, and up to which revision. */
export class Mirror {
  readonly #records = new Map<string, NamespacedFaceRecord>();
  #revision = 0;

  /** May be repeated where it failed on the way: it begins again where the last whole run ended. */
  async follow(records: FaceRecords): Promise<void> {
    let reached = this.#revision;
    for await (const change of records.changes(this.#revision)) {
      if (change.kind === "put") this.#records.set(keyOf(change.record), change.record);
      else this.#records.delete(keyOf(change));
      reached = Math.max(reached, change.revision);
    }
    this.#revision = reached;
  }

  contents(): NamespacedFaceRecord[] {
    return sorted([...this.#records.values()]);
  }
}

/** Scan, changes and members must tell of these records and of no others. */
export async function holds(records: FaceRecords, expected: readonly NamespacedFaceRecord[]): Promise<void> {
  const found = await contents(records);
  equal(found.map(keyOf), sorted([...expected]).map(keyOf), "ids of the scan");
  equal(found, sorted([...expected]), "scan");
  const mirror = new Mirror();
  await mirror.follow(records);
  equal(mirror.contents(), found, "what all changes lead to");
  for (const namespace of new Set(found.map((record) => record.namespace))) {
    const own = found.filter((record) => record.namespace === namespace);
    equal(withoutIds(await collect(records.members(namespace))), membersOf(own), `members of ${namespace}`);
  }
}

function membersOf(records: readonly FaceRecord[]): EnrolledMember[] {
  const ids = [...new Set(records.map(({ memberId }) => memberId))].sort((a, b) => (a < b ? -1 : 1));
  return ids.map((memberId) => {
    const own = records.filter((record) => record.memberId === memberId);
    const times = own.map(({ createdAt }) => createdAt.getTime());
    const [enrolledAt, lastEnrolledAt] = [new Date(Math.min(...times)), new Date(Math.max(...times))];
    return { memberId, templates: own.length, enrolledAt, lastEnrolledAt };
  });
}
