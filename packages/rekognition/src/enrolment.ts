import { abortable, type CallOptions, FaceKitError, mapConcurrently, retry } from "@facekit/core";
import { createUsers, deleteUsers, eraseFaces, facesOfUser, takeFaces } from "./faces.js";
import { externalIdOf, type UserName } from "./names.js";
import { photosAtATime } from "./rekognition-detector.js";
import { adapterId, isNamed, type Rekognition } from "./service.js";

/** Faces that a user may have. */
const facesOfUserAtMost = 100;

export type QualityFilter = "NONE" | "AUTO" | "LOW" | "MEDIUM" | "HIGH";

/** Throws `quota-exceeded` for more faces than a user may have. */
export function checkNumberOfFaces(count: number): void {
  if (count > facesOfUserAtMost) throw tooManyFaces(`${count} photos`);
}

/**
 * Indexes faces, makes the user where it is missing, and gives it the faces: all or none. Fulfils with their ids in the order
 * of the photos. Where a step fails, what was indexed or made is deleted again; after an abort that is not waited for, and the
 * user stays. A process that dies, or a service that does not answer any more, leaves faces that are no user's or a user
 * that has none, which `strays` tells.
 */
export async function enrolFaces(
  service: Rekognition,
  collectionId: string,
  user: UserName,
  photos: readonly Uint8Array[],
  qualityFilter: QualityFilter | undefined,
  options: CallOptions,
): Promise<string[]> {
  const { userId } = user;
  const now = new Date();
  const indexed: string[] = [];
  const made = new Set<string>();
  try {
    const ids = await mapConcurrently(photos, photosAtATime, async (photo) => {
      const id = await indexFace(service, collectionId, externalIdOf(userId, now), photo, qualityFilter, options);
      indexed.push(id);
      return id;
    });
    await makeUser(service, collectionId, user, made, options);
    await giveFaces(service, collectionId, user, ids, made, options);
    return ids;
  } catch (error) {
    // Who gave up does not wait for it. Why it failed tells more than why this did.
    if (indexed.length > 0) {
      // Who gave up may try again meanwhile, and counts on the user.
      const deletesUser = made.has(userId) && options.signal?.aborted !== true;
      const undone = undo(service, collectionId, user, indexed, deletesUser);
      await abortable(undone, options.signal).catch(() => undefined);
    }
    throw error;
  }
}

/** Whatever the caller's signal says, and in half of the time of a request: what it leaves, `strays` tells. */
async function undo(
  service: Rekognition,
  collectionId: string,
  { userId, pieces }: UserName,
  faceIds: readonly string[],
  deletesUser: boolean,
): Promise<void> {
  const deadlineMs = Math.ceil(service.timeoutMs / 2);
  const options = { signal: AbortSignal.timeout(deadlineMs) };
  const erase = async (): Promise<void> => {
    await takeFaces(service, collectionId, userId, faceIds, options);
    await eraseFaces(service, collectionId, faceIds, options);
    if (!deletesUser) return;
    const others = await facesOfUser(service, collectionId, userId, options);
    if (others?.length === 0) await deleteUsers(service, collectionId, [...pieces, userId], options);
  };
  await retry(erase, { ...options, deadlineMs });
}

/** The same call again indexes nothing again: the service knows the image by its bytes and its external id. */
async function indexFace(
  service: Rekognition,
  CollectionId: string,
  ExternalImageId: string,
  photo: Uint8Array,
  QualityFilter: QualityFilter | undefined,
  options: CallOptions,
): Promise<string> {
  const { FaceRecords, UnindexedFaces } = await service.call(
    "IndexFaces",
    (client, sdk, http) =>
      client.send(
        new sdk.IndexFacesCommand({
          CollectionId,
          ExternalImageId,
          Image: { Bytes: photo },
          MaxFaces: 1,
          ...(QualityFilter === undefined ? {} : { QualityFilter }),
        }),
        http,
      ),
    options.signal && { signal: options.signal },
  );
  const id = FaceRecords?.[0]?.Face?.FaceId;
  if (id !== undefined) return id;
  const reasons = (UnindexedFaces?.[0]?.Reasons ?? []).join(", ");
  throw new FaceKitError(
    "no-face",
    reasons === ""
      ? "Rekognition sees no face to index. Take it from nearer, in even light, facing the camera."
      : `Rekognition does not index this face (${reasons}). Take it from nearer, in even light, facing the camera.`,
    { adapter: adapterId, details: { reasons } },
  );
}

function makeUser(
  service: Rekognition,
  collectionId: string,
  { userId, pieces }: UserName,
  made: Set<string>,
  options: CallOptions,
): Promise<void> {
  // Pieces without their user are left over.
  return createUsers(service, collectionId, [userId, ...pieces], made, options);
}

async function giveFaces(
  service: Rekognition,
  CollectionId: string,
  user: UserName,
  faceIds: readonly string[],
  made: Set<string>,
  options: CallOptions,
): Promise<void> {
  if (faceIds.length === 0) return;
  await service.call(
    "AssociateFaces",
    async (client, sdk, http) => {
      // Who enrols says who it is: a face unlike those that the member has is taken too.
      const request = { CollectionId, UserId: user.userId, FaceIds: [...faceIds], UserMatchThreshold: 0 };
      const answer = await client.send(new sdk.AssociateFacesCommand(request), http).catch(async (error: unknown) => {
        if (!isNamed(error, "ResourceNotFoundException")) throw error;
        // Somebody deleted the user in between, or not all of the service knows it yet. Without a collection this rejects.
        await makeUser(service, CollectionId, user, made, { signal: http.abortSignal });
        throw new FaceKitError("service-unavailable", "Rekognition does not know the member's user yet.", {
          adapter: adapterId,
          retryable: true,
        });
      });
      const [refused] = answer.UnsuccessfulFaceAssociations ?? [];
      if (refused === undefined) return;
      const reasons = refused.Reasons ?? [];
      if (reasons.length === 0) throw tooManyFaces("This member");
      throw new FaceKitError(
        "service-unavailable",
        `Rekognition did not give the member a face that was indexed (${reasons.join(", ")}).`,
        // A face is not found until all of the service knows it.
        { adapter: adapterId, retryable: reasons.includes("FACE_NOT_FOUND"), details: { reasons: reasons.join(", ") } },
      );
    },
    options.signal && { signal: options.signal },
  );
}

function tooManyFaces(what: string): FaceKitError {
  return new FaceKitError(
    "quota-exceeded",
    `${what} would make more than ${facesOfUserAtMost} faces of a member, which Rekognition does not take.`,
    { adapter: adapterId },
  );
}
