import { type CallOptions, mapConcurrently } from "@facekit/core";
import type { CommitLog } from "./commit-log.js";
import { unavailable } from "./failures.js";
import type { Names } from "./names.js";
import { mostRequests, type Service } from "./service.js";

/** How often a list is asked that still names files: it may be behind. */
const mostRounds = 20;

/**
 * Deletes every file of a namespace, or of one member, that was laid down before a revision and is not in use, whoever left
 * it, until a list names none that is there. Files that were laid down after that revision stay: a commit may be about to
 * name them. Tells whether it saw such ones.
 */
export async function sweep(
  service: Service,
  log: CommitLog,
  names: Names,
  where: { readonly namespace: string; readonly key?: string },
  before: number,
  options: CallOptions | undefined,
): Promise<boolean> {
  const { namespace, key } = where;
  const prefix = key === undefined ? names.event(namespace) : names.member(namespace, key);
  for (let round = 0; round < mostRounds; round++) {
    const useless: string[] = [];
    let younger = false;
    for await (const { publicId } of service.list(prefix, options)) {
      const parts = names.partsOf(namespace, publicId);
      const { files, templates } = log.of(namespace);
      if (parts === undefined) {
        // The manifest belongs to templates. What else lies there may be another store's.
        if (publicId === names.manifest(namespace) && templates.size === 0) useless.push(publicId);
      } else if (!files.has(publicId)) {
        if (parts.base < before) useless.push(publicId);
        else younger = true;
      }
    }
    const there = await mapConcurrently(useless, mostRequests, (file) => service.destroy(file, options));
    if (!there.includes(true)) return younger;
  }
  throw unavailable(`Files under ${prefix} come back as fast as they are deleted.`);
}
