import { checkId } from "../checks.js";
import { mapConcurrently } from "../concurrency.js";
import type { DecisionTerms } from "../decision.js";
import { FaceKitError, isFaceKitError } from "../errors.js";
import type { FaceProbe } from "../spec/face-index.js";
import type { ImageInput } from "../spec/image.js";
import type { Member } from "../spec/member-source.js";
import {
  type FlowContext,
  type FlowOptions,
  namespaceOf,
  searchTermsFor,
  signalOf,
  singleFace,
  sourceOf,
  wantConditionalWrites,
} from "./context.js";
import { photoToKeep, recordEnrolment } from "./record-enrolment.js";

export interface RegisterOptions extends FlowOptions {
  /** Refuse a face smaller than this, in pixels between the box's sides. Default: the kit's, 40. */
  readonly minFaceSize?: number;
  /** Refuse a face that already is another member's. Default false. */
  readonly refuseKnownFaces?: boolean;
  /** Keep the photos in the kit's `photos`, as they are. Default: where the kit has them. */
  readonly keepPhotos?: boolean;
  /** What else is known of the member; goes to the member source. */
  readonly member?: Omit<Member, "id">;
}

export interface Registration {
  readonly memberId: string;
  readonly namespace: string;
  /** One template for each photo, in their order. */
  readonly templateIds: readonly string[];
}

/** How often a write that lost a race is decided anew. Each loss means that another writer won. */
const maxAttempts = 20;

/**
 * Enrols a member from one or more photos, each of which shows the member alone. All photos are enrolled or none.
 * Registering a member again adds templates. Faces are written first; where a later write fails, of the photos or the
 * member's entry, the call rejects and may be repeated, and `reconcile` finds what it left.
 */
export async function register(
  context: FlowContext,
  memberId: string,
  photos: ImageInput | readonly ImageInput[],
  options: RegisterOptions = {},
): Promise<Registration> {
  const namespace = namespaceOf(context, options);
  checkId("memberId", memberId);
  if (options.refuseKnownFaces) wantConditionalWrites(context, "refuseKnownFaces");
  const termsOf = options.refuseKnownFaces ? searchTermsFor(context, options) : undefined;
  const images = listOf(photos);
  if (images.length === 0) {
    throw new FaceKitError("invalid-argument", `Registering "${memberId}" wants at least one photo; got none.`);
  }
  const sources = images.map(sourceOf);
  const seen = await mapConcurrently(images, context.index.concurrency ?? 1, async (photo, i) => {
    const { image, bytes } = await photoToKeep(context, photo, options);
    const probe = await singleFace(context, image, { ...options, several: "refuse", source: sources[i] });
    return { probe, bytes };
  });
  const probes = seen.map(({ probe }) => probe);
  const enrolled = await decideAndWrite(async () => {
    const ifRevision =
      termsOf === undefined
        ? {}
        : { ifRevision: await refuseOthersFace(context, namespace, memberId, probes, termsOf, options) };
    return context.index.enrol(namespace, memberId, probes, { sources, ...ifRevision, ...signalOf(options) });
  });
  const { templateIds } = enrolled;
  const kept = seen.flatMap(({ bytes }) => bytes ?? []);
  await recordEnrolment(context, namespace, { memberId, templateIds, photos: kept, member: options.member }, options);
  return { memberId, namespace, templateIds };
}

/** Repeats a search-then-write while another writer comes in between. */
export async function decideAndWrite<T>(attempt: () => Promise<T>): Promise<T> {
  for (let round = 1; ; round++) {
    try {
      return await attempt();
    } catch (error) {
      if (!isFaceKitError(error, "conflict") || round >= maxAttempts) throw error;
    }
  }
}

async function refuseOthersFace(
  context: FlowContext,
  namespace: string,
  memberId: string,
  probes: readonly FaceProbe[],
  termsOf: (comparisons: number | undefined) => DecisionTerms,
  options: RegisterOptions,
): Promise<number> {
  const { matches, revision, comparisons } = await context.index.search(namespace, probes, {
    k: 2,
    ...signalOf(options),
  });
  const { threshold } = termsOf(comparisons);
  for (const candidates of matches) {
    const other = candidates.find((match) => match.memberId !== memberId && match.similarity >= threshold.value);
    if (other !== undefined) {
      throw new FaceKitError(
        "already-enrolled",
        `This face is already enrolled as "${other.memberId}". Add the photos to that member, or forget it first.`,
        { details: { memberId: other.memberId, similarity: other.similarity } },
      );
    }
  }
  return revision;
}

export function listOf(photos: ImageInput | readonly ImageInput[]): readonly ImageInput[] {
  return isList(photos) ? photos : [photos];
}

function isList(photos: ImageInput | readonly ImageInput[]): photos is readonly ImageInput[] {
  return Array.isArray(photos);
}
