import {
  type CallOptions,
  checkId,
  type EmbeddingSpace,
  isFaceKitError,
  mapConcurrently,
  type StrayFace,
  type StrayFaces,
} from "@facekit/core";
import type { CommitLog } from "./commit-log.js";
import type { Names } from "./names.js";
import { type ListedFile, mostRequests, type Service } from "./service.js";
import { touchPlan, type Writer } from "./writer.js";

/**
 * Members' files that the log does not name: their writer was killed before the commit, or before it deleted what the
 * commit replaced. Their ids are their public ids.
 */
export function strayFaces(
  service: Service,
  log: CommitLog,
  names: Names,
  writer: Writer,
  spaceOf: () => EmbeddingSpace,
): StrayFaces {
  const describe = async (
    { publicId, version, createdAt }: ListedFile,
    options: CallOptions | undefined,
  ): Promise<StrayFace | undefined> => {
    const told = { id: publicId, ...(createdAt !== undefined && { since: createdAt }) };
    try {
      const file = await writer.contents({ file: publicId, version }, options);
      if (file === undefined) return undefined;
      return { ...told, why: file.space === spaceOf().id ? "no-member" : "other-space", memberId: file.memberId };
    } catch (error) {
      if (!isFaceKitError(error, "store-corrupt") && !isFaceKitError(error, "service-unavailable")) throw error;
      // Half written, or not ours.
      return { ...told, why: "no-member" };
    }
  };

  return {
    async *list(namespace, options) {
      spaceOf();
      checkId("namespace", namespace);
      for await (const file of service.list(names.event(namespace), options)) {
        if (names.partsOf(namespace, file.publicId) === undefined) continue;
        if (log.of(namespace).files.has(file.publicId)) continue;
        // A commit may have named it since.
        await log.follow(options);
        if (log.of(namespace).files.has(file.publicId)) continue;
        const stray = await describe(file, options);
        if (stray !== undefined) yield stray;
      }
    },

    async delete(namespace, ids, options = {}) {
      const space = spaceOf();
      checkId("namespace", namespace);
      const files = [...new Set(ids)].filter((id) => names.partsOf(namespace, id) !== undefined);
      if (files.length === 0) return 0;
      await log.follow(options);
      const young = files.flatMap((file) => {
        const parts = names.partsOf(namespace, file);
        return parts !== undefined && parts.base >= log.of(namespace).touched(parts.key) ? parts.key : [];
      });
      // From here on no writer can commit one of them that it laid down before.
      if (young.length > 0) await writer.erase(space, namespace, () => touchPlan([...new Set(young)]), options);
      const state = log.of(namespace);
      const strays = files.filter((file) => !state.files.has(file));
      const there = await mapConcurrently(strays, mostRequests, (file) => service.destroy(file, options));
      return there.filter(Boolean).length;
    },
  };
}
