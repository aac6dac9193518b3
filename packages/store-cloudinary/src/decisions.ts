import { createHash, randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { abortable, type CallOptions } from "@facekit/core";
import { unavailable } from "./failures.js";
import type { Names } from "./names.js";
import type { Service } from "./service.js";

/** How often another's decision is looked for before it is taken for one that will not come. */
const patience = 8;

/** The longest wait between two looks, in milliseconds. */
const longestPause = 1000;

/**
 * Lets processes that know nothing of each other agree on what a file holds, though the service has no conditional write:
 * of two uploads with `overwrite: false` both may look, find nothing, and write, and both are told that they made the file.
 * All that is needed here is that what was written is seen by who looks after that; `overwrite: false` only saves rounds.
 *
 * In each round at most one writer gets through a splitter (L. Lamport, "A fast mutual exclusion algorithm", 1987) and
 * writes down a choice. It is decided if nobody has doubted by then that there is one. Who doubts looks for the choice after
 * that, and takes it along into the next round. So a choice that was decided is the only one in all further rounds
 * (V. Luchangco, M. Moir, N. Shavit, "On the uncontended complexity of consensus", 2003). Whoever dies on the way delays
 * the others and blocks nobody.
 */
export class Decisions {
  readonly #service: Service;
  readonly #names: Names;

  constructor(service: Service, names: Names) {
    this.#service = service;
    this.#names = names;
  }

  /** What was decided, or undefined where nothing is known to be. */
  async made(name: string, options?: CallOptions): Promise<unknown> {
    const file = await this.#service.look(name, options);
    return file && this.#service.read(name, file.version, options);
  }

  /**
   * Gives what the file holds from now on: `value`, or what another asked for. No round starts after `until`, by
   * `performance.now()`. When this rejects, `value` may still be decided, by others.
   */
  async decide(name: string, value: object, until: number, options?: CallOptions): Promise<unknown> {
    let wanted: unknown = value;
    for (let round = 1; ; round++) {
      const { choice, doubt, ...splitter } = this.#names.round(name, round);
      if (await this.#getsThrough(splitter, options)) {
        const text = JSON.stringify(wanted);
        await this.#service.create(choice, text, options);
        if ((await this.#service.look(doubt, options)) === undefined) {
          // All who write this write the same.
          const { etag } = await this.#service.create(name, text, options);
          if (etag === md5(text)) return wanted;
          // It was decided before, and the files that tell so are gone.
          const made = await this.made(name, options);
          if (made !== undefined) return made;
        }
      } else {
        const made = await this.#awaited(name, until, options);
        if (made !== undefined) return made;
        await this.#service.create(doubt, "true", options);
        wanted = (await this.made(choice, options)) ?? wanted;
      }
      if (performance.now() > until)
        throw unavailable(`${name} could not be agreed on with the other writers in time.`);
    }
  }

  /** True for at most one caller in all processes. */
  async #getsThrough(
    { claim, door }: { readonly claim: string; readonly door: string },
    options: CallOptions | undefined,
  ): Promise<boolean> {
    const claims = new Set<string>();
    const { etag } = await this.#service.create(
      claim,
      () => {
        // Another for each attempt: one whose answer was lost may be written late, and must not pass for this one.
        const text = JSON.stringify(randomUUID());
        claims.add(md5(text));
        return text;
      },
      options,
    );
    if (!claims.has(etag)) return false;
    if ((await this.#service.look(door, options)) !== undefined) return false;
    await this.#service.create(door, "true", options);
    return (await this.#service.look(claim, options))?.etag === etag;
  }

  /** Gives those who were first some time, counted in looks, as the service may be slow. */
  async #awaited(name: string, until: number, options: CallOptions | undefined): Promise<unknown> {
    for (let looks = 0; looks < patience && (looks === 0 || performance.now() <= until); looks++) {
      const began = performance.now();
      const made = await this.made(name, options);
      if (made !== undefined) return made;
      const took = performance.now() - began;
      await abortable(pause(Math.min(took * (1 + Math.random()), longestPause)), options?.signal);
    }
    return undefined;
  }
}

function md5(text: string): string {
  return createHash("md5").update(text).digest("hex");
}
