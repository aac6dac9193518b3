import type { CallOptions, EnrolledMember } from "@facekit/core";
import { listFaces } from "./faces.js";
import type { MemberNames } from "./member-names.js";
import { notedIn } from "./names.js";
import type { Rekognition } from "./service.js";

/**
 * Who has faces, by member id. The service lists faces in an order of its own, so all are read before the first is told:
 * the ids of all faces and members of the namespace are held, and nothing else of them.
 */
export async function* enrolledMembers(
  service: Rekognition,
  names: MemberNames,
  collectionId: string,
  options: CallOptions,
): AsyncGenerator<EnrolledMember> {
  const faces = new Map<string, { first: number; last: number; readonly ids: string[] }>();
  for await (const { FaceId, UserId, ExternalImageId } of listFaces(service, collectionId, options)) {
    if (UserId === undefined) continue;
    // Of a face that others indexed nobody knows when.
    const at = notedIn(ExternalImageId)?.at.getTime() ?? 0;
    const known = faces.get(UserId);
    if (known === undefined) faces.set(UserId, { first: at, last: at, ids: [FaceId] });
    else {
      known.ids.push(FaceId);
      known.first = Math.min(known.first, at);
      known.last = Math.max(known.last, at);
    }
  }
  const members: [memberId: string, userId: string][] = [];
  for (const userId of faces.keys()) {
    const memberId = await names.memberOf(collectionId, userId, options);
    if (memberId !== undefined) members.push([memberId, userId]);
  }
  members.sort(([a], [b]) => (a < b ? -1 : 1));
  for (const [memberId, userId] of members) {
    options.signal?.throwIfAborted();
    const { first = 0, last = 0, ids = [] } = faces.get(userId) ?? {};
    const [enrolledAt, lastEnrolledAt] = [new Date(first), new Date(last)];
    yield { memberId, templates: ids.length, enrolledAt, lastEnrolledAt, templateIds: ids.sort() };
  }
}
