import { type CallOptions, mapConcurrently } from "@facekit/core";
import { unavailable } from "./failures.js";
import type { NamespaceState } from "./log-state.js";
import { partsOf } from "./names.js";
import type { ListedFile, Service } from "./service.js";
import { mostRequests } from "./writer.js";

/** How often a list is asked that still names files: it may be behind. */
const mostRounds = 20;

/**
 * Deletes every file under a prefix that was made before a revision and is not in use, whoever left it, until a list names
 * none that is there. Files that were laid down after that revision stay: a commit may be about to name them.
 */
export async function sweep(
  service: Service,
  prefix: string,
  before: number,
  state: () => NamespaceState,
  options: CallOptions | undefined,
): Promise<void> {
  for (let round = 0; round < mostRounds; round++) {
    const old: string[] = [];
    for await (const { publicId } of service.list(prefix, options)) {
      if (isUseless(publicId, before, state())) old.push(publicId);
    }
    const there = await mapConcurrently(old, mostRequests, (file) => service.destroy(file, options));
    if (!there.includes(true)) return;
  }
  throw unavailable(`Files under ${prefix} come back as fast as they are deleted.`);
}

function isUseless(publicId: string, before: number, state: NamespaceState): boolean {
  const parts = partsOf(publicId);
  // The manifest belongs to templates.
  if (parts === undefined) return state.templates.size === 0;
  return parts.base < before && !state.files.has(publicId);
}

/** The files under a prefix, in memory: names only. */
export async function listed(
  service: Service,
  prefix: string,
  options: CallOptions | undefined,
): Promise<ListedFile[]> {
  const files: ListedFile[] = [];
  for await (const file of service.list(prefix, options)) files.push(file);
  return files;
}
