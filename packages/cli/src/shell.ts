import { resolve } from "node:path";
import type { Progress } from "@facekit/core";
import { MultiBar, type SingleBar } from "cli-progress";

/** Where a run of the command reads and writes; the process's own streams, or those of a test. */
export interface Streams {
  readonly stdout: NodeJS.WritableStream;
  readonly stderr: NodeJS.WritableStream & { readonly isTTY?: boolean };
  readonly cwd: string;
}

/** `no`: nobody was recognised; `badUse`: the command line is wrong; `failure`: everything else that went wrong. */
export const exitStatus = { yes: 0, no: 1, badUse: 2, failure: 3 } as const;

export type ExitStatus = (typeof exitStatus)[keyof typeof exitStatus];

/** What a command found: one object for programs, one text for people. */
export interface Answer {
  readonly status?: ExitStatus;
  readonly json: object;
  readonly text: string;
}

/** The terminal as commands see it. Answers go to stdout, everything else to stderr. */
export class Shell {
  status: ExitStatus = exitStatus.yes;
  readonly json: boolean;
  readonly #streams: Streams;

  constructor(streams: Streams, json: boolean) {
    this.#streams = streams;
    this.json = json;
  }

  /** A path of the command line, made absolute. */
  path(path: string): string {
    return resolve(this.#streams.cwd, path);
  }

  answer({ status = exitStatus.yes, json, text }: Answer): void {
    this.status = status;
    this.#streams.stdout.write(`${this.json ? JSON.stringify(json) : text}\n`);
  }

  /** A line beside the answer. */
  note(line: string): void {
    this.#streams.stderr.write(`${line}\n`);
  }

  fail(status: ExitStatus, code: string, message: string): void {
    this.status = status;
    if (this.json) this.answer({ status, json: { error: { code, message } }, text: "" });
    else this.note(`error: ${message}`);
  }

  /** Whether somebody watches how far the work is. */
  get isWatched(): boolean {
    return this.#streams.stderr.isTTY === true;
  }

  /** Shows work that goes on, as bars where someone watches; `work` reports how far it is. */
  async progress<T>(work: (report: (progress: Progress) => void) => Promise<T>): Promise<T> {
    const { stderr } = this.#streams;
    if (!this.isWatched) return work(() => {});
    // Several files may be on their way at once: each task has its bar.
    const bars = new MultiBar({
      stream: stderr,
      format: "{task} {bar} {percentage}%",
      barsize: 24,
      clearOnComplete: true,
      // Else it is switched off in the terminal, and Ctrl-C leaves it so.
      linewrap: true,
    });
    const byTask = new Map<string, SingleBar>();
    try {
      return await work(({ task, done, total = 0 }) => {
        const bar = byTask.get(task) ?? bars.create(total, done, { task });
        byTask.set(task, bar);
        bar.setTotal(total);
        bar.update(done);
      });
    } finally {
      bars.stop();
    }
  }
}
