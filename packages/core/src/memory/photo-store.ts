import { checkId } from "../checks.js";
import { specVersion } from "../spec/adapter.js";
import type { PhotoStore } from "../spec/photo-store.js";
import { checkPhoto } from "../stores/check-entries.js";
import { closedError } from "../stores/errors.js";

interface Kept {
  readonly photo: Uint8Array;
  readonly keptAt: Date;
}

/** Photos that live as long as the process. What is erased is overwritten. */
export function memoryPhotoStore(): PhotoStore {
  const id = "memory-photo-store";
  /** Photos by namespace, member and id. */
  const namespaces = new Map<string, Map<string, Map<string, Kept>>>();
  let closed = false;
  const membersOf = (namespace: string): Map<string, Map<string, Kept>> => {
    if (closed) throw closedError(id, "memory");
    checkId("namespace", namespace);
    return namespaces.get(namespace) ?? new Map();
  };
  return {
    specVersion,
    id,
    capabilities: { persistent: false },

    async put(namespace, memberId, photoId, photo, options) {
      options?.signal?.throwIfAborted();
      const members = membersOf(namespace);
      checkPhoto(memberId, photoId, photo);
      const photos = members.get(memberId) ?? new Map<string, Kept>();
      photos.get(photoId)?.photo.fill(0);
      photos.set(photoId, { photo: new Uint8Array(photo), keptAt: new Date() });
      members.set(memberId, photos);
      namespaces.set(namespace, members);
    },

    async get(namespace, memberId, photoId, options) {
      options?.signal?.throwIfAborted();
      return membersOf(namespace).get(memberId)?.get(photoId)?.photo.slice();
    },

    async *list(namespace, options) {
      for (const [memberId, photos] of sorted(membersOf(namespace))) {
        for (const [photoId, { keptAt }] of sorted(photos)) {
          options?.signal?.throwIfAborted();
          yield { memberId, id: photoId, keptAt: new Date(keptAt) };
        }
      }
    },

    async deleteMember(namespace, memberId, options) {
      options?.signal?.throwIfAborted();
      const members = membersOf(namespace);
      const photos = members.get(memberId);
      for (const { photo } of photos?.values() ?? []) photo.fill(0);
      members.delete(memberId);
      return photos?.size ?? 0;
    },

    async [Symbol.asyncDispose]() {
      closed = true;
      for (const members of namespaces.values()) {
        for (const photos of members.values()) for (const { photo } of photos.values()) photo.fill(0);
      }
      namespaces.clear();
    },
  };
}

function sorted<T>(map: ReadonlyMap<string, T>): [string, T][] {
  return [...map].sort(([a], [b]) => (a < b ? -1 : 1));
}
