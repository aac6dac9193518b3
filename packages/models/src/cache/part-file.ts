import { readdir, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

let count = 0;

/**
 * The name under which this download writes `path`. Whose a part is stands in its name, `FILE.PID-N.part`, and parts
 * change hands by renaming, which only one of several processes can do: so none writes into another's, without a lock.
 * What an ended or failed download left is taken over.
 */
export async function claimPart(path: string): Promise<string> {
  const mine = `${path}.${process.pid}-${count++}.part`;
  const folder = dirname(path);
  for (const name of await readdir(folder)) {
    if (!name.startsWith(`${basename(path)}.`) || !isFree(name.slice(basename(path).length))) continue;
    try {
      await rename(join(folder, name), mine);
      return mine;
    } catch {
      // Another process was faster.
    }
  }
  return mine;
}

/** Leaves an unfinished part to whoever claims it next; one that holds nothing is cleared away. */
export async function releasePart(path: string, part: string): Promise<void> {
  const { size } = await stat(part).catch(() => ({ size: 0 }));
  if (size === 0) return await rm(part, { force: true });
  await rename(part, `${path}.part`).catch(() => undefined);
}

function isFree(suffix: string): boolean {
  if (suffix === ".part") return true;
  const pid = /^\.(\d+)-\d+\.part$/.exec(suffix)?.[1];
  return pid !== undefined && !isAlive(Number(pid));
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // EPERM: alive, and another user's.
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}
