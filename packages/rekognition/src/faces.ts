import type { Face } from "@aws-sdk/client-rekognition";
import { type CallOptions, FaceKitError, isFaceKitError } from "@facekit/core";
import { adapterId, isNamed, type Rekognition } from "./service.js";

/** Faces in one request to list or to delete, and to give a user or take from it, at most. */
const mostListed = 4096;
const mostChanged = 100;

/** A face that is held, with its id. */
export interface HeldFace extends Face {
  readonly FaceId: string;
}

/** All faces of a collection, or those of a user, or those of these ids, page by page. Each face once. */
export async function* listFaces(
  service: Rekognition,
  CollectionId: string,
  options: CallOptions & { readonly userId?: string; readonly ids?: readonly string[] } = {},
): AsyncGenerator<HeldFace> {
  const { userId, ids, signal } = options;
  let NextToken: string | undefined;
  do {
    const request = {
      CollectionId,
      MaxResults: mostListed,
      ...(NextToken === undefined ? {} : { NextToken }),
      ...(userId === undefined ? {} : { UserId: userId }),
      ...(ids === undefined ? {} : { FaceIds: [...ids] }),
    };
    const page = await service.call(
      "ListFaces",
      (client, sdk, http) => client.send(new sdk.ListFacesCommand(request), http),
      signal && { signal },
    );
    for (const face of page.Faces ?? []) {
      signal?.throwIfAborted();
      if (face.FaceId !== undefined) yield { ...face, FaceId: face.FaceId };
    }
    NextToken = page.NextToken;
  } while (NextToken);
}

/** The ids of a user's faces; undefined where there is no such user. */
export async function facesOfUser(
  service: Rekognition,
  collectionId: string,
  userId: string,
  options: CallOptions,
): Promise<string[] | undefined> {
  const ids: string[] = [];
  try {
    for await (const { FaceId } of listFaces(service, collectionId, { ...options, userId })) ids.push(FaceId);
    return ids;
  } catch (error) {
    if (isFaceKitError(error, "namespace-not-found")) return undefined;
    throw error;
  }
}

/** The ids of all users, those that hold pieces of long names among them. */
export async function* listUsers(
  service: Rekognition,
  CollectionId: string,
  { signal }: CallOptions,
): AsyncGenerator<string> {
  let NextToken: string | undefined;
  do {
    const request = { CollectionId, MaxResults: 500, ...(NextToken === undefined ? {} : { NextToken }) };
    const page = await service.call(
      "ListUsers",
      (client, sdk, http) => client.send(new sdk.ListUsersCommand(request), http),
      signal && { signal },
    );
    for (const { UserId } of page.Users ?? []) if (UserId !== undefined) yield UserId;
    NextToken = page.NextToken;
  } while (NextToken);
}

/** Makes users; those that are there stay. `made` gets those that this call may have made, also where it rejects. */
export async function createUsers(
  service: Rekognition,
  CollectionId: string,
  userIds: readonly string[],
  made: Set<string>,
  { signal }: CallOptions,
): Promise<void> {
  for (const UserId of userIds) {
    const wasMade = made.has(UserId);
    made.add(UserId);
    // By its token a call that is repeated after a lost answer is known as the one that made the user.
    const request = { CollectionId, UserId, ClientRequestToken: crypto.randomUUID() };
    await service.call(
      "CreateUser",
      (client, sdk, http) =>
        client.send(new sdk.CreateUserCommand(request), http).catch((error: unknown) => {
          if (!isNamed(error, "ConflictException")) throw error;
          if (!wasMade) made.delete(UserId);
        }),
      signal && { signal },
    );
  }
}

/** Deletes users; those that are not there count as deleted. */
export async function deleteUsers(
  service: Rekognition,
  CollectionId: string,
  userIds: readonly string[],
  { signal }: CallOptions,
): Promise<void> {
  for (const UserId of userIds) {
    await service.call(
      "DeleteUser",
      (client, sdk, http) =>
        unless("ResourceNotFoundException", client.send(new sdk.DeleteUserCommand({ CollectionId, UserId }), http)),
      signal && { signal },
    );
  }
}

/** Takes faces from a user; those that it does not have are passed over. */
export async function takeFaces(
  service: Rekognition,
  CollectionId: string,
  UserId: string,
  faceIds: readonly string[],
  { signal }: CallOptions,
): Promise<void> {
  for (let at = 0; at < faceIds.length; at += mostChanged) {
    const request = { CollectionId, UserId, FaceIds: faceIds.slice(at, at + mostChanged) };
    await service.call(
      "DisassociateFaces",
      (client, sdk, http) =>
        unless("ResourceNotFoundException", client.send(new sdk.DisassociateFacesCommand(request), http)),
      signal && { signal },
    );
  }
}

/**
 * Deletes faces; those that are not there count as deleted. Tells how many the service kept, since a user has them, or it
 * does not yet know that none has.
 */
export async function deleteFaces(
  service: Rekognition,
  CollectionId: string,
  faceIds: readonly string[],
  { signal }: CallOptions,
): Promise<number> {
  let kept = 0;
  for (let at = 0; at < faceIds.length; at += mostListed) {
    const FaceIds = faceIds.slice(at, at + mostListed);
    const { UnsuccessfulFaceDeletions = [] } = await service.call(
      "DeleteFaces",
      (client, sdk, http) => client.send(new sdk.DeleteFacesCommand({ CollectionId, FaceIds }), http),
      signal && { signal },
    );
    kept += UnsuccessfulFaceDeletions.filter(({ Reasons }) => !Reasons?.includes("FACE_NOT_FOUND")).length;
  }
  return kept;
}

/** Deletes faces that were taken from their user. Rejects with a retryable `service-unavailable` where one is kept. */
export async function eraseFaces(
  service: Rekognition,
  collectionId: string,
  faceIds: readonly string[],
  options: CallOptions,
): Promise<void> {
  const kept = await deleteFaces(service, collectionId, faceIds, options);
  if (kept > 0) throw stillThere(`did not delete ${kept} of ${faceIds.length} faces of the member`);
}

/** What is said where a member's faces are not gone yet. */
export function stillThere(what: string): FaceKitError {
  return new FaceKitError("service-unavailable", `Rekognition ${what}. Try it again.`, {
    adapter: adapterId,
    retryable: true,
  });
}

/** Does without an answer where the service refuses with an error of this name. */
async function unless(name: string, answer: Promise<unknown>): Promise<void> {
  try {
    await answer;
  } catch (error) {
    if (!isNamed(error, name)) throw error;
  }
}
