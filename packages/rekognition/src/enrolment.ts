import { type CallOptions, FaceKitError, isFaceKitError, mapConcurrently } from "@facekit/core";
import { createUsers, deleteFaces, takeFaces } from "./faces.js";
import { externalIdOf, type UserName } from "./names.js";
import { photosAtATime } from "./rekognition-detector.js";
import { adapterId, type Rekognition } from "./service.js";

/** Faces that a user may have. */
const facesOfUserAtMost = 100;

export type QualityFilter = "NONE" | "AUTO" | "LOW" | "MEDIUM" | "HIGH";

/** Throws `quota-exceeded` for more faces than a user may have. */
export function checkNumberOfFaces(count: number): void {
  if (count > facesOfUserAtMost) throw tooManyFaces(`${count} photos`);
}

/**
 * Indexes faces, makes the user where it is missing, and gives it the faces: all or none. Fulfils with their ids in the order
 * of the photos. Where a step fails, what was indexed is deleted again; a process that dies, or a service that does not answer
 * any more, leaves faces that are no user's, which `strays` tells.
 */
export async function enrolFaces(
  service: Rekognition,
  collectionId: string,
  { userId, pieces }: UserName,
  photos: readonly Uint8Array[],
  qualityFilter: QualityFilter | undefined,
  options: CallOptions,
): Promise<string[]> {
  const now = new Date();
  const indexed: string[] = [];
  try {
    const ids = await mapConcurrently(photos, photosAtATime, async (photo) => {
      const id = await indexFace(service, collectionId, externalIdOf(userId, now), photo, qualityFilter, options);
      indexed.push(id);
      return id;
    });
    await createUsers(service, collectionId, [...pieces, userId], options);
    await giveFaces(service, collectionId, userId, ids, options).catch(async (error: unknown) => {
      // Somebody deleted the user in between.
      if (!isFaceKitError(error, "namespace-not-found")) throw error;
      await createUsers(service, collectionId, [...pieces, userId], options);
      await giveFaces(service, collectionId, userId, ids, options);
    });
    return ids;
  } catch (error) {
    // Whatever the signal says. Why it failed tells more than why this did.
    await takeFaces(service, collectionId, userId, indexed, {})
      .then(() => deleteFaces(service, collectionId, indexed, {}))
      .catch(() => undefined);
    throw error;
  }
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

async function giveFaces(
  service: Rekognition,
  CollectionId: string,
  UserId: string,
  faceIds: readonly string[],
  options: CallOptions,
): Promise<void> {
  if (faceIds.length === 0) return;
  await service.call(
    "AssociateFaces",
    async (client, sdk, http) => {
      // Who enrols says who it is: a face unlike those that the member has is taken too.
      const request = { CollectionId, UserId, FaceIds: [...faceIds], UserMatchThreshold: 0 };
      const answer = await client.send(new sdk.AssociateFacesCommand(request), http);
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
