import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import { run } from "../src/run.js";

export interface Ran {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
  /** The object on stdout; throws when there is anything else. */
  readonly json: () => unknown;
}

/** Runs `facekit` in this process, in the given folder. */
export async function facekit(cwd: string, ...argv: string[]): Promise<Ran> {
  const stdout = new Sink();
  const stderr = new Sink();
  const status = await run(argv, { stdout, stderr, cwd });
  return { status, stdout: stdout.text, stderr: stderr.text, json: () => JSON.parse(stdout.text) };
}

export function emptyFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), "facekit-cli-"));
}

class Sink extends Writable {
  text = "";

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}
