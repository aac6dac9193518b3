import type { CallOptions } from "../spec/adapter.js";
import type { FaceIndex } from "../spec/face-index.js";
import type { EnrolledMember } from "../spec/face-records.js";
import type { Member, MemberSource } from "../spec/member-source.js";
import type { KeptPhoto, PhotoStore } from "../spec/photo-store.js";
import type { VisitLog } from "../spec/visit-log.js";
import type { Discrepancy } from "./difference.js";
import { OrderedCursor } from "./ordered-cursor.js";

/** What is compared. Without `members`, faces belong to nobody and only photos are looked at. */
export interface ComparedParts {
  readonly namespace: string;
  readonly index: FaceIndex;
  readonly members?: MemberSource | undefined;
  readonly photos?: PhotoStore | undefined;
  /** Not compared: whose faces or entry are deleted, their visits go first. */
  readonly visits?: VisitLog | undefined;
}

/** How much was read of each. */
export interface ReadCounts {
  readonly enrolled: number;
  readonly members: number;
  readonly photos: number;
  /** Of the enrolled, how many have an entry; without `members`, how many have photos; without either, all. */
  readonly matched: number;
  /** Members with photos who have a face or an entry. */
  readonly pictured: number;
}

/** What does not agree, and what the source had of the member then. */
export interface Compared {
  readonly found: Discrepancy;
  readonly entry?: Member | undefined;
}

/** Who is enrolled, in order. */
export function enrolledCursor({ namespace, index }: ComparedParts, call: CallOptions): OrderedCursor<EnrolledMember> {
  const items = index.members(namespace, call);
  return new OrderedCursor(items, ({ memberId }) => [memberId], {
    ...call,
    adapter: index.id,
    what: "enrolled members",
  });
}

/**
 * Where index, members and photos do not agree, by member id: a merge join over streams in the same order, of each of
 * which one item is held. Rejects with what a stream rejects with; nothing is concluded from what did not come.
 */
export async function* compareParts(
  parts: ComparedParts,
  call: CallOptions,
  onRead: (read: ReadCounts) => void,
): AsyncGenerator<Compared> {
  const { namespace, members, photos } = parts;
  const enrolled = enrolledCursor(parts, call);
  const entries =
    members &&
    new OrderedCursor<Member>(members.list(namespace, call), ({ id }) => [id], {
      ...call,
      adapter: members.id,
      what: "members",
    });
  const kept =
    photos &&
    new OrderedCursor<KeptPhoto>(photos.list(namespace, call), ({ memberId, id }) => [memberId, id], {
      ...call,
      adapter: photos.id,
      what: "photos",
    });
  try {
    let [matched, pictured] = [0, 0];
    await Promise.all([enrolled.advance(), entries?.advance(), kept?.advance()]);
    for (;;) {
      const memberId = least(enrolled.current?.memberId, entries?.current?.id, kept?.current?.memberId);
      if (memberId === undefined) return;
      const faces = enrolled.current?.memberId === memberId ? enrolled.current : undefined;
      const entry = entries?.current?.id === memberId ? entries.current : undefined;
      let ofMember = 0;
      let keptAt: Date | undefined;
      while (kept?.current?.memberId === memberId) {
        ofMember++;
        keptAt = later(keptAt, kept.current.keptAt);
        await kept.advance();
      }
      await Promise.all([faces && enrolled.advance(), entry && entries?.advance()]);
      const isMatched = members === undefined ? photos === undefined || ofMember > 0 : entry !== undefined;
      if (faces !== undefined && isMatched) matched++;
      if (ofMember > 0 && (faces !== undefined || entry !== undefined)) pictured++;
      onRead({ enrolled: enrolled.read, members: entries?.read ?? 0, photos: kept?.read ?? 0, matched, pictured });
      if (faces === undefined && entry === undefined) {
        yield { found: { kind: "orphaned-photos", memberId, photos: ofMember, ...(keptAt && { keptAt }) } };
      } else if (members !== undefined) {
        for (const found of discrepanciesOf(memberId, faces, entry, ofMember, members)) yield { found, entry };
      }
    }
  } finally {
    await Promise.all([enrolled.close(), entries?.close(), kept?.close()]);
  }
}

function* discrepanciesOf(
  memberId: string,
  faces: EnrolledMember | undefined,
  entry: Member | undefined,
  photos: number,
  { linkFaces }: MemberSource,
): Generator<Discrepancy> {
  if (faces !== undefined && entry === undefined) {
    const { memberId: _, ...rest } = faces;
    yield { kind: "orphaned-faces", memberId, ...rest, photos };
  }
  if (entry === undefined) return;
  if (faces === undefined) {
    const { createdAt } = entry;
    yield { kind: "member-without-faces", memberId, ...(createdAt && { createdAt }), photos };
  }
  const templateIds = faces === undefined ? [] : faces.templateIds;
  const { faceIds: noted = [] } = entry;
  if (linkFaces !== undefined && templateIds !== undefined && !sameIds(noted, templateIds)) {
    yield { kind: "wrong-face-ids", memberId, noted, templateIds };
  }
}

/** Which ids come and which go, from what is noted to what there is. */
export function changeOfIds(
  noted: readonly string[],
  templateIds: readonly string[],
): { readonly added: readonly string[]; readonly removed: readonly string[] } {
  const [before, after] = [new Set(noted), new Set(templateIds)];
  return { added: templateIds.filter((id) => !before.has(id)), removed: noted.filter((id) => !after.has(id)) };
}

/** Whether both name the same, in whatever order. */
export function sameIds(a: readonly string[], b: readonly string[]): boolean {
  const { added, removed } = changeOfIds(a, b);
  return added.length === 0 && removed.length === 0;
}

function least(...ids: readonly (string | undefined)[]): string | undefined {
  let first: string | undefined;
  for (const id of ids) if (id !== undefined && (first === undefined || id < first)) first = id;
  return first;
}

function later(a: Date | undefined, b: Date | undefined): Date | undefined {
  return a === undefined || (b !== undefined && b > a) ? b : a;
}
