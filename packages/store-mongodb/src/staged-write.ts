import { type CallOptions, isFaceKitError } from "@facekit/core";
import type { Handle, Server } from "./connection.js";

/** A write that lays down its documents before it commits them. */
export interface StagedWrite<T> {
  /**
   * Lays the documents down, and gives the batch that names them. Each call is another batch: an insert whose answer was
   * lost may arrive late, and must then belong to nothing.
   */
  stage(server: Server): Promise<string>;
  /** Undefined where some of the documents are not there any more. `again`: a commit of the batch may be there. */
  commit(server: Server, batch: string, again: boolean): Promise<T | undefined>;
  /** Takes back what was laid down. */
  unstage(server: Server, batch: string): Promise<unknown>;
}

/** Fulfils when the write is committed and settled. Its parts have one time limit together. */
export async function runStaged<T>(handle: Handle, write: StagedWrite<T>, options: CallOptions = {}): Promise<T> {
  const limited = { ...options, deadline: performance.now() + handle.timeoutMs };
  for (;;) {
    const batch = await handle.run((server) => write.stage(server), limited);
    let again = false;
    try {
      const outcome = await handle.run((server) => {
        const repeated = again;
        again = true;
        return write.commit(server, batch, repeated);
      }, limited);
      if (outcome !== undefined) return outcome;
    } catch (error) {
      // After other errors the commit may be there: the sweep looks after the documents if it is not.
      if (isFaceKitError(error, "conflict")) await handle.run((server) => write.unstage(server, batch));
      throw error;
    }
  }
}
