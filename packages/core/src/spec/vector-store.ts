import type { Adapter, CallOptions } from "./adapter.js";
import type { EmbeddingSpace } from "./embedder.js";
import type { ConditionalWriteOptions, EnrolledMember, FaceRecord } from "./face-records.js";
import type { StrayFaces } from "./stray-faces.js";

/**
 * A member against one probe. Several templates are fused by the rule "nearest of the templates and their mean": a member
 * is as similar as the nearest template, or as the mean of all of them (`meanTemplate`) where that is nearer.
 * `docs/evaluating.md` has its error rates beside those of other rules.
 */
export interface MemberMatch {
  readonly memberId: string;
  /** Cosine similarity of the nearest template or of the mean template, -1..1, not rounded. */
  readonly similarity: number;
  /** The nearest template; absent where the mean of the member's templates is nearer than each of them. */
  readonly templateId?: string;
}

export interface MemberSearchOptions extends CallOptions {
  /** How many members a probe gets at most, 1 or more. */
  readonly k: number;
  readonly memberIds?: readonly string[];
}

export interface MemberSearchResult {
  /** What the search saw: pass it as `ifRevision` to write only if nothing changed since. */
  readonly revision: number;
  /** Per probe: each member once, best first, ties by member id. */
  readonly matches: MemberMatch[][];
  /**
   * N of the gallery: how many templates the namespace held for this search and, of members with several, means; whether
   * or not an approximate index looked at each. Absent with `memberIds`, and where a hosted service does not tell.
   */
  readonly comparisons?: number;
}

/** Weaknesses are declared, not hidden. */
export interface VectorStoreCapabilities {
  /** Search compares with every template. */
  readonly exact: boolean;
  /** A search that starts after a write was acknowledged sees it. */
  readonly readAfterWrite: boolean;
  /** Acknowledged writes survive the process. */
  readonly persistent: boolean;
  /** `ifRevision` is honoured. */
  readonly conditionalWrites: boolean;
}

/** Keeps templates and finds the nearest members. */
export interface VectorStore extends Adapter {
  readonly capabilities: VectorStoreCapabilities;
  /** Present where faces can be left over that no search gives out. */
  readonly strays?: StrayFaces;
  /** Binds the store to a space, or rejects with `space-mismatch`. Call it first; more calls are harmless. */
  open(space: EmbeddingSpace, options?: CallOptions): Promise<void>;
  upsert(
    namespace: string,
    records: readonly FaceRecord[],
    options?: ConditionalWriteOptions,
  ): Promise<{ revision: number }>;
  search(namespace: string, probes: readonly Float32Array[], options: MemberSearchOptions): Promise<MemberSearchResult>;
  /** Erases a member's templates and tells how many there were. */
  deleteMember(namespace: string, memberId: string, options?: CallOptions): Promise<number>;
  /** Erases all of a namespace's templates and tells how many there were. */
  deleteNamespace(namespace: string, options?: CallOptions): Promise<number>;
  count(namespace: string, options?: CallOptions): Promise<{ members: number; templates: number }>;
  members(namespace: string, options?: CallOptions): AsyncIterable<EnrolledMember>;
}
