import type { CallOptions, StrayFace } from "@facekit/core";
import { deleteFaces, type HeldFace, listFaces } from "./faces.js";
import type { MemberNames } from "./member-names.js";
import { notedIn } from "./names.js";
import type { Rekognition } from "./service.js";

/** What is noted of a face that an enrolment indexed and gave nobody. Faces that others indexed are none of ours. */
function strayOf({ UserId, ExternalImageId }: HeldFace): { at: Date; userId: string } | undefined {
  return UserId === undefined ? notedIn(ExternalImageId) : undefined;
}

/** All strays, those of enrolments under way too: `since` tells them. */
export async function* listStrays(
  service: Rekognition,
  names: MemberNames,
  collectionId: string,
  options: CallOptions,
): AsyncGenerator<StrayFace> {
  const memberOf = names.reader(collectionId, options);
  for await (const face of listFaces(service, collectionId, options)) {
    const stray = strayOf(face);
    if (stray === undefined) continue;
    const memberId = await memberOf(stray.userId);
    yield {
      id: face.FaceId,
      why: "no-member",
      ...(memberId === undefined ? {} : { memberId }),
      since: stray.at,
    };
  }
}

/** Whether a face could have this id; the service refuses a request with another. */
export function isFaceId(id: string): boolean {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id);
}

/** Deletes those of these faces that are strays still, and tells how many these were. */
export async function deleteStrays(
  service: Rekognition,
  collectionId: string,
  ids: readonly string[],
  options: CallOptions,
): Promise<number> {
  let deleted = 0;
  for (let at = 0; at < ids.length; at += 1000) {
    const strays: string[] = [];
    const page = { ...options, ids: ids.slice(at, at + 1000) };
    for await (const face of listFaces(service, collectionId, page)) {
      if (strayOf(face) !== undefined) strays.push(face.FaceId);
    }
    // One that becomes a member's meanwhile, the service keeps.
    if (strays.length > 0) deleted += strays.length - (await deleteFaces(service, collectionId, strays, options));
  }
  return deleted;
}

/** The ids of the faces that enrolments of one user left over. Reads the list of all faces. */
export async function straysOf(
  service: Rekognition,
  collectionId: string,
  userId: string,
  options: CallOptions,
): Promise<string[]> {
  const ids: string[] = [];
  for await (const face of listFaces(service, collectionId, options)) {
    if (strayOf(face)?.userId === userId) ids.push(face.FaceId);
  }
  return ids;
}
