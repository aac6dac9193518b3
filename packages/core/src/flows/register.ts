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

export interface RegisterOptions extends FlowOptions {
  /** Refuse a face smaller than this, in pixels between the box's sides. Default: the kit's, 40. */
  readonly minFaceSize?: number;
  /** Refuse a face that already is another member's. Default false. */
  readonly refuseKnownFaces?: boolean;
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
 * Registering a member again adds templates.
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
  const probes = await mapConcurrently(images, context.index.concurrency ?? 1, (image) =>
    singleFace(context, image, { ...options, several: "refuse" }),
  );

  const sources = images.map(sourceOf);
  const enrolled = await decideAndWrite(async () => {
    const ifRevision =
      termsOf === undefined
        ? {}
        : { ifRevision: await refuseOthersFace(context, namespace, memberId, probes, termsOf, options) };
    return context.index.enrol(namespace, memberId, probes, { sources, ...ifRevision, ...signalOf(options) });
  });
  if (context.members?.capabilities.writable) {
    const known = await context.members.get(namespace, memberId, signalOf(options));
    if (known === undefined || options.member !== undefined) {
      await context.members.put(
        namespace,
        { createdAt: new Date(), ...known, ...options.member, id: memberId },
        signalOf(options),
      );
    }
  }
  return { memberId, namespace, templateIds: enrolled.templateIds };
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
