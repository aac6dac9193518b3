import { type CallOptions, retry } from "@facekit/core";
import { deleteUsers, eraseFaces, facesOfUser, stillThere, takeFaces } from "./faces.js";
import type { UserName } from "./names.js";
import type { Rekognition } from "./service.js";
import type { StraysOf } from "./strays.js";

/**
 * Deletes a user with all its faces, and those that were indexed for it and that it never got: of an enrolment or an
 * erasure that broke off. Fulfils with their number when none is left.
 */
export async function eraseUser(
  service: Rekognition,
  straysOf: StraysOf,
  collectionId: string,
  { userId, pieces }: UserName,
  options: CallOptions,
): Promise<number> {
  const faces = new Set(await straysOf(collectionId, userId, options));
  const own = async (): Promise<string[]> => (await facesOfUser(service, collectionId, userId, options)) ?? [];
  const erase = async (): Promise<void> => {
    const found = await own();
    for (const id of found) faces.add(id);
    await takeFaces(service, collectionId, userId, found, options);
    // Before the faces, whose notes tell of the user: who comes after a call that broke off finds them.
    await deleteUsers(service, collectionId, [...pieces, userId], options);
    await eraseFaces(service, collectionId, [...faces], options);
    // An enrolment may have been at work, and the list may be behind.
    const left = found.length === 0 ? 0 : (await own()).length;
    if (left > 0) throw stillThere(`still lists ${left} faces of the member`);
  };
  await retry(erase, { deadlineMs: service.timeoutMs, ...(options.signal && { signal: options.signal }) });
  return faces.size;
}
