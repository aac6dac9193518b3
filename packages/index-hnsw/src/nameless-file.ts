import { closeSync, mkdtempSync, openSync, rmSync } from "node:fs";
import { join } from "node:path";

/**
 * A file without a name, so that nothing of it is left when the process ends, however it ends: it holds templates.
 * hnswlib knows no other way in or out than a path: that of the open file, which Linux and macOS have.
 */
export class NamelessFile implements Disposable {
  readonly descriptor: number;

  /** Throws where it cannot be made; on Windows there is no such path. */
  constructor(parent: string) {
    if (process.platform === "win32") throw new Error("Windows has no path to a file without a name.");
    const folder = mkdtempSync(join(parent, "facekit-graph-"));
    try {
      this.descriptor = openSync(join(folder, "graph"), "wx+", 0o600);
    } finally {
      rmSync(folder, { recursive: true });
    }
  }

  get path(): string {
    return `${process.platform === "linux" ? "/proc/self/fd" : "/dev/fd"}/${this.descriptor}`;
  }

  [Symbol.dispose](): void {
    closeSync(this.descriptor);
  }
}
