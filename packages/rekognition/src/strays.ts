import { abortable, type CallOptions, type StrayFace } from "@facekit/core";
import { deleteFaces, deleteUsers, facesOfUser, type HeldFace, listFaces, listUsers } from "./faces.js";
import type { MemberNames } from "./member-names.js";
import { isLongName, notedIn, userOfPiece } from "./names.js";
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

/**
 * Deletes those of these faces that are strays still, and tells how many these were. Their users go first where they have
 * no face: so whatever breaks it off leaves a stray that tells of them.
 */
export async function deleteStrays(
  service: Rekognition,
  collectionId: string,
  ids: readonly string[],
  options: CallOptions,
): Promise<number> {
  let deleted = 0;
  for (let at = 0; at < ids.length; at += 1000) {
    const strays = new Map<string, string>();
    const page = { ...options, ids: ids.slice(at, at + 1000) };
    for await (const face of listFaces(service, collectionId, page)) {
      const stray = strayOf(face);
      if (stray !== undefined) strays.set(face.FaceId, stray.userId);
    }
    if (strays.size === 0) continue;
    await deleteEmptyUsers(service, collectionId, new Set(strays.values()), options);
    // One that becomes a member's meanwhile, the service keeps.
    deleted += strays.size - (await deleteFaces(service, collectionId, [...strays.keys()], options));
  }
  return deleted;
}

/** Deletes those of these users that have no face, with the pieces of their names. */
async function deleteEmptyUsers(
  service: Rekognition,
  collectionId: string,
  userIds: ReadonlySet<string>,
  options: CallOptions,
): Promise<void> {
  const empty = new Set<string>();
  for (const userId of userIds) {
    const faces = await facesOfUser(service, collectionId, userId, options);
    if (faces === undefined || faces.length === 0) empty.add(userId);
  }
  const pieces: string[] = [];
  if ([...empty].some(isLongName)) {
    for await (const id of listUsers(service, collectionId, options)) {
      if (empty.has(userOfPiece(id) ?? "")) pieces.push(id);
    }
  }
  await deleteUsers(service, collectionId, [...pieces, ...empty], options);
}

/** The ids of the faces that enrolments of a user left over. */
export type StraysOf = (collectionId: string, userId: string, options: CallOptions) => Promise<readonly string[]>;

/**
 * Only the list of all faces of a collection tells which were left over. One reading serves all who ask before it begins, so
 * that `reconcile`, which erases several members at a time, does not read it for each.
 */
export function strayFinder(service: Rekognition): StraysOf {
  type Reading = Promise<ReadonlyMap<string, readonly string[]>>;
  const begun = new Map<string, Reading>();
  const next = new Map<string, Reading>();

  const read = async (collectionId: string): Reading => {
    const strays = new Map<string, string[]>();
    for await (const face of listFaces(service, collectionId)) {
      const userId = strayOf(face)?.userId;
      if (userId === undefined) continue;
      const ids = strays.get(userId) ?? [];
      ids.push(face.FaceId);
      strays.set(userId, ids);
    }
    return strays;
  };

  const reading = (collectionId: string): Reading => {
    const known = next.get(collectionId);
    if (known !== undefined) return known;
    const before: Promise<unknown> = begun.get(collectionId) ?? Promise.resolve();
    const coming: Reading = before
      .catch(() => undefined)
      .then(() => {
        next.delete(collectionId);
        begun.set(collectionId, coming);
        return read(collectionId);
      })
      .finally(() => {
        if (begun.get(collectionId) === coming) begun.delete(collectionId);
      });
    next.set(collectionId, coming);
    return coming;
  };

  return async (collectionId, userId, { signal }) => (await abortable(reading(collectionId), signal)).get(userId) ?? [];
}
