import type { Adapter, CallOptions } from "./adapter.js";
import type { DetectOptions } from "./detector.js";
import type { Calibration } from "./embedder.js";
import type { Face } from "./face.js";
import type { ConditionalWriteOptions, EnrolledMember } from "./face-records.js";
import type { ImageInput } from "./image.js";
import type { StrayFaces } from "./stray-faces.js";
import type { MemberSearchOptions, MemberSearchResult, VectorStoreCapabilities } from "./vector-store.js";

/**
 * A face found in a photo, ready to be searched or enrolled by the index that made it.
 * It holds the pixels or the template in memory only; drop it and they are gone.
 */
export interface FaceProbe {
  readonly face: Face;
  readonly imageWidth: number;
  readonly imageHeight: number;
}

export interface EnrolOptions extends ConditionalWriteOptions {
  /** What the caller knows each photo by: as many as there are probes, in their order. */
  readonly sources?: readonly (string | undefined)[];
}

export interface FaceIndexCapabilities extends VectorStoreCapabilities {
  /** What scores mean: a cosine of an embedding space, or a hosted service's own confidence, 0..100. Never mixed. */
  readonly scores: "cosine" | "confidence";
}

/**
 * The seam that the flows stand on: images in, scored members out. Core composes one from a detector, an embedder and
 * a vector store (`localFaceIndex`); a hosted service that hides its vectors is one itself.
 */
export interface FaceIndex extends Adapter {
  readonly capabilities: FaceIndexCapabilities;
  /** Present where faces can be left over that no search gives out. */
  readonly strays?: StrayFaces;
  /** How many photos at a time keep it busy. The flows over many photos work on so many. Default 1. */
  readonly concurrency?: number;
  /** Which score stands for which error rate, where it is known. */
  readonly calibration?: Calibration;
  /** Finds the faces of a photo, best first. No face is `[]`. */
  probe(image: ImageInput, options?: DetectOptions): Promise<FaceProbe[]>;
  /** The nearest members of each probe. All probes are embedded in one batch. */
  search(namespace: string, probes: readonly FaceProbe[], options: MemberSearchOptions): Promise<MemberSearchResult>;
  /** Enrols the probes as templates of a member, all or none; fulfils when they are safe. */
  enrol(
    namespace: string,
    memberId: string,
    probes: readonly FaceProbe[],
    options?: EnrolOptions,
  ): Promise<{ templateIds: string[]; revision: number }>;
  /** How alike two faces are, without the store. */
  compare(a: FaceProbe, b: FaceProbe, options?: CallOptions): Promise<number>;
  deleteMember(namespace: string, memberId: string, options?: CallOptions): Promise<number>;
  members(namespace: string, options?: CallOptions): AsyncIterable<EnrolledMember>;
}
