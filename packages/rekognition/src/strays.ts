import { abortable, type CallOptions, type StrayFace } from "@facekit/core";
import { deleteFaces, deleteUsers, facesOfUser, type HeldFace, listFaces, listUsers } from "./faces.js";
import type { MemberNames } from "./member-names.js";
import { isLongName, memberIdOf, notedIn, ownerOfPiece } from "./names.js";
import type { Rekognition } from "./service.js";

/** What is noted of a face that an enrolment indexed and gave nobody. Faces that others indexed are none of ours. */
function strayOf({ UserId, ExternalImageId }: HeldFace): { at: Date; userId: string } | undefined {
  return UserId === undefined ? notedIn(ExternalImageId) : undefined;
}

/** Before the id of a user that is told as a stray. No face's id has it. */
const userMark = "user/";

/**
 * All strays, those of enrolments under way too: `since` tells them. Beside the faces that are no user's, these are users
 * that have no face, and pieces of long names that have no user. The ids of all users are held.
 */
export async function* listStrays(
  service: Rekognition,
  names: MemberNames,
  collectionId: string,
  options: CallOptions,
): AsyncGenerator<StrayFace> {
  const memberOf = names.reader(collectionId, options);
  const told = async (id: string, userId: string, since: Date): Promise<StrayFace> => {
    const memberId = await memberOf(userId);
    return { id, why: "no-member", ...(memberId === undefined ? {} : { memberId }), since };
  };
  // A user is made after its first faces were indexed, so that these are listed where an enrolment is at it.
  const users = new Map<string, { hasFaces: boolean; since: number }>();
  for await (const userId of listUsers(service, collectionId, options))
    users.set(userId, { hasFaces: false, since: 0 });
  for await (const face of listFaces(service, collectionId, options)) {
    const user = users.get(face.UserId ?? "");
    if (user !== undefined) user.hasFaces = true;
    const stray = strayOf(face);
    if (stray === undefined) continue;
    const meant = users.get(stray.userId);
    if (meant !== undefined) meant.since = Math.max(meant.since, stray.at.getTime());
    yield await told(face.FaceId, stray.userId, stray.at);
  }
  for (const [userId, { hasFaces, since }] of users) {
    options.signal?.throwIfAborted();
    const owner = ownerOfPiece(userId);
    const isOurs = owner !== undefined || isLongName(userId) || memberIdOf(userId) !== undefined;
    const isLeft = owner === undefined ? !hasFaces : !users.has(owner);
    // When a user was made the service does not tell.
    if (isOurs && isLeft) yield await told(userMark + userId, owner ?? userId, new Date(since));
  }
}

/** Whether a stray could have this id; the service refuses a request with another. */
export function isStrayId(id: string): boolean {
  return isFaceId(id) || (id.startsWith(userMark) && /^[a-zA-Z0-9_.:-]{1,128}$/.test(id.slice(userMark.length)));
}

function isFaceId(id: string): boolean {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id);
}

/** Deletes those of these that are strays still, and tells how many these were. */
export async function deleteStrays(
  service: Rekognition,
  collectionId: string,
  ids: readonly string[],
  options: CallOptions,
): Promise<number> {
  const faceIds = ids.filter(isFaceId);
  const userIds = ids.filter((id) => id.startsWith(userMark)).map((id) => id.slice(userMark.length));
  return (
    (await deleteStrayFaces(service, collectionId, faceIds, options)) +
    (await deleteStrayUsers(service, collectionId, userIds, options))
  );
}

async function deleteStrayFaces(
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

async function deleteStrayUsers(
  service: Rekognition,
  collectionId: string,
  userIds: readonly string[],
  options: CallOptions,
): Promise<number> {
  const held = new Set<string>();
  // Only a list of all users tells the pieces of a long name.
  if (userIds.some((id) => id.startsWith("::"))) {
    for await (const id of listUsers(service, collectionId, options)) if (id.startsWith("::")) held.add(id);
  }
  let deleted = 0;
  for (const userId of userIds) {
    const owner = ownerOfPiece(userId);
    if (owner === undefined) {
      const faces = await facesOfUser(service, collectionId, userId, options);
      if (faces?.length !== 0) continue;
      const pieces = [...held].filter((id) => ownerOfPiece(id) === userId);
      await deleteUsers(service, collectionId, [...pieces, userId], options);
    } else if (held.has(userId) && !held.has(owner)) await deleteUsers(service, collectionId, [userId], options);
    else continue;
    deleted++;
  }
  return deleted;
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
