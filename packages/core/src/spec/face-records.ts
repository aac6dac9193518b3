import type { Adapter, CallOptions } from "./adapter.js";
import type { EmbeddingSpace } from "./embedder.js";
import type { SnapshotStorage } from "./snapshot-storage.js";
import type { StrayFaces } from "./stray-faces.js";

/** One enrolled template. */
export interface FaceRecord {
  /** Unique in its namespace. Putting an id again replaces the record: a repeated put changes nothing. */
  readonly id: string;
  readonly memberId: string;
  /** Unit length, finite numbers only, as long as the space's dimensions. */
  readonly vector: Float32Array;
  readonly createdAt: Date;
  /** What the caller knows the photo by (a file name, a URL): never the photo itself. */
  readonly source?: string;
}

export interface NamespacedFaceRecord extends FaceRecord {
  readonly namespace: string;
}

export interface EnrolledMember {
  readonly memberId: string;
  /** How many templates the member has. */
  readonly templates: number;
  /** When the first of them was enrolled. */
  readonly enrolledAt: Date;
  /** When the last of them was: where this is young, somebody may be registering. */
  readonly lastEnrolledAt: Date;
  /** Their ids, where the backend has them at hand. */
  readonly templateIds?: readonly string[];
}

/** What happened to one record. Revisions grow with every acknowledged write. */
export type FaceRecordChange =
  | { readonly kind: "put"; readonly revision: number; readonly record: NamespacedFaceRecord }
  | { readonly kind: "delete"; readonly revision: number; readonly namespace: string; readonly id: string };

export interface ConditionalWriteOptions extends CallOptions {
  /** Write only if nothing in the namespace changed after this revision; otherwise reject with `conflict`. */
  readonly ifRevision?: number;
}

/** Which records to delete: all of a member, or those named. */
export type FaceRecordSelection = { readonly memberId: string } | { readonly ids: readonly string[] };

/**
 * The durable truth about who is enrolled. A write is acknowledged when its promise fulfils: it then survives the
 * process. A batch is written whole or not at all. Search indexes are rebuilt from here.
 */
export interface FaceRecords extends Adapter {
  readonly capabilities: { readonly persistent: boolean };
  /** A place for a snapshot of the search index, so that a large one need not be built anew on each opening. */
  readonly snapshots?: SnapshotStorage;
  /** Present where faces can be left over that no search gives out. */
  readonly strays?: StrayFaces;
  /** Binds the records to a space, or rejects with `space-mismatch` when they hold another. Call it first. */
  open(space: EmbeddingSpace, options?: CallOptions): Promise<void>;
  put(
    namespace: string,
    records: readonly FaceRecord[],
    options?: ConditionalWriteOptions,
  ): Promise<{ revision: number }>;
  /** Erases templates; those not there count as deleted already. */
  delete(
    namespace: string,
    selection: FaceRecordSelection,
    options?: CallOptions,
  ): Promise<{ deleted: number; revision: number }>;
  /** Erases everything in a namespace. */
  deleteNamespace(namespace: string, options?: CallOptions): Promise<{ deleted: number; revision: number }>;
  /** All records, or those of one namespace, each once. Constant memory over any number. */
  scan(namespace?: string, options?: CallOptions): AsyncIterable<NamespacedFaceRecord>;
  /** The revision of the last acknowledged write, 0 when there was none. Sees writes of other processes. */
  revision(options?: CallOptions): Promise<number>;
  /** What changed after `since`, in order; only the last change of a record need be told. */
  changes(since: number, options?: CallOptions): AsyncIterable<FaceRecordChange>;
  /** Who is enrolled, by member id in code-unit order. */
  members(namespace: string, options?: CallOptions): AsyncIterable<EnrolledMember>;
}
