import type { CallOptions } from "./adapter.js";

/** A face that is held somewhere and that no search gives out. */
export interface StrayFace {
  readonly id: string;
  /**
   * `no-member`: its enrolment broke off before it was a member's. `other-space`: it was made by other models, and can be
   * compared with nothing here.
   */
  readonly why: "no-member" | "other-space";
  /** The member it was meant for, where that is known. */
  readonly memberId?: string;
  readonly since?: Date;
}

/** What a backend that can be left with strays tells of them. `reconcile` lists and removes them. */
export interface StrayFaces {
  /** The strays of a namespace, in any order, in constant memory. */
  list(namespace: string, options?: CallOptions): AsyncIterable<StrayFace>;
  /** Those that are not there, or are strays no longer, are passed over. Tells how many were erased. */
  delete(namespace: string, ids: readonly string[], options?: CallOptions): Promise<number>;
}
