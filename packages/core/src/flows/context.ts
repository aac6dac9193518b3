import { checkId, checkNumber } from "../checks.js";
import { type Decision, type DecisionTerms, decide, searchTerms } from "../decision.js";
import { FaceKitError } from "../errors.js";
import { thresholdForGallery } from "../gallery-size.js";
import { faceSize } from "../geometry/boxes.js";
import type { CallOptions } from "../spec/adapter.js";
import type { FaceIndex, FaceProbe } from "../spec/face-index.js";
import type { DecodedImage, ImageInput } from "../spec/image.js";
import type { MemberSource } from "../spec/member-source.js";
import type { PhotoStore } from "../spec/photo-store.js";
import type { MemberMatch } from "../spec/vector-store.js";
import type { VisitLog } from "../spec/visit-log.js";
import {
  chooseThreshold,
  type Threshold,
  type ThresholdOptions,
  thresholdOptionNames,
  thresholdOptionsOf,
} from "../threshold.js";

/** Reads the encoded bytes of a photo. Rejects with `image-not-found` or `image-too-large`. */
export type PhotoReader = (photo: Exclude<ImageInput, DecodedImage>, options?: CallOptions) => Promise<Uint8Array>;

/** What every flow stands on. */
export interface FlowContext {
  readonly index: FaceIndex;
  readonly members: MemberSource | undefined;
  readonly visits: VisitLog;
  /** Where photos are kept, if they are. */
  readonly photos: PhotoStore | undefined;
  readonly readPhoto: PhotoReader | undefined;
  readonly namespace: string;
  readonly minFaceSize: number;
  readonly threshold: ThresholdOptions;
}

/** What every flow accepts. */
export interface FlowOptions extends CallOptions, ThresholdOptions {
  /** The event, venue or tenant whose members are meant. Default: the kit's. */
  readonly namespace?: string;
}

/** The options that every flow knows. */
export const flowOptionNames: readonly string[] = ["namespace", ...thresholdOptionNames, "signal"];

/** The namespace that a call means. Throws `invalid-argument` where it cannot be one. */
export function namespaceOf(context: FlowContext, options: Pick<FlowOptions, "namespace">): string {
  const namespace = options.namespace ?? context.namespace;
  checkId("namespace", namespace);
  return namespace;
}

/** Throws `not-supported` when the index cannot refuse a write that lost a race. */
export function wantConditionalWrites({ index }: FlowContext, what: string): void {
  if (index.capabilities.conditionalWrites) return;
  throw new FaceKitError("not-supported", `${what} needs conditional writes, which index "${index.id}" does not have.`);
}

/** How many candidates a decision looks at: the best, the next for the margin, and some to show. */
export const candidateCount = 5;

/** The threshold of a 1:1 call. A kit's `falsePositiveRate` is of searches and leaves the model's default here. */
export function comparisonThreshold(context: FlowContext, options: ThresholdOptions): Threshold {
  const own = thresholdOptionsOf(options);
  const { falsePositiveRate, ...kit } = context.threshold;
  return chooseThreshold(isEmpty(own) ? kit : own, context.index.calibration);
}

/**
 * By what a 1:N call decides, as a function of how many comparisons its search made. What can be refused without
 * that number is refused at once, before a photo is looked at.
 */
export function searchTermsFor(
  context: FlowContext,
  options: ThresholdOptions,
): (comparisons: number | undefined) => DecisionTerms {
  const own = thresholdOptionsOf(options);
  const asked = isEmpty(own) ? context.threshold : own;
  const { calibration } = context.index;
  thresholdForGallery(asked, calibration, 1);
  return (comparisons) => searchTerms(thresholdForGallery(asked, calibration, comparisons), comparisons);
}

function isEmpty(options: object): boolean {
  return Object.keys(options).length === 0;
}

/** The decision about a probe, which also tells of a face so small that registration would refuse it. */
export function decideAbout(
  { minFaceSize }: FlowContext,
  { face }: FaceProbe,
  candidates: readonly MemberMatch[],
  terms: DecisionTerms,
): Decision {
  const decision = decide(candidates, terms);
  const size = faceSize(face.box);
  if (!decision.refusals.includes("below-threshold") || size >= minFaceSize) return decision;
  return {
    ...decision,
    refusals: [...decision.refusals, "face-too-small"],
    reason: `${decision.reason} The face is small: ${Math.round(size)} px, and registration wants ${minFaceSize}.`,
  };
}

/** A name for a photo in messages and records: a path or URL, never the photo itself. */
export function sourceOf(image: ImageInput): string | undefined {
  const name = image instanceof URL ? image.href : image;
  // A data: URL is the photo itself.
  return typeof name === "string" && !/^data:/i.test(name) ? name : undefined;
}

/**
 * The face of a photo that shows one person.
 * Throws `no-face`, `several-faces` (unless the largest is asked for) or `face-too-small`.
 */
export async function singleFace(
  context: FlowContext,
  image: ImageInput,
  options: CallOptions & {
    readonly minFaceSize?: number;
    readonly several: "refuse" | "largest";
    /** What the photo is called, where the image does not say. */
    readonly source?: string | undefined;
  },
): Promise<FaceProbe> {
  const wanted = options.minFaceSize ?? context.minFaceSize;
  checkNumber("minFaceSize", wanted, { min: 1, max: 1e5 });
  const probes = await context.index.probe(image, { scene: "portrait", ...signalOf(options) });
  const source = options.source ?? sourceOf(image);
  const name = source ?? "the photo";
  const photo: { photo?: string } = source === undefined ? {} : { photo: source };
  const [largest, second] = [...probes].sort((a, b) => faceSize(b.face.box) - faceSize(a.face.box));
  if (largest === undefined) {
    throw new FaceKitError(
      "no-face",
      `No face was found in ${name}. Take it from nearer, in even light, facing the camera.`,
      { details: photo },
    );
  }
  if (second !== undefined && options.several === "refuse") {
    throw new FaceKitError(
      "several-faces",
      `${name} shows ${probes.length} faces. Use a photo of this member alone, or cut the others off.`,
      { details: { ...photo, faces: probes.length } },
    );
  }
  const size = faceSize(largest.face.box);
  if (size < wanted) {
    throw new FaceKitError(
      "face-too-small",
      `The face in ${name} is ${Math.round(size)} px between its box's sides; at least ${wanted} are needed. ` +
        "Use a larger photo or one from nearer, or set minFaceSize.",
      { details: { ...photo, size, minFaceSize: wanted } },
    );
  }
  return largest;
}

/** The signal alone, for calls whose other options differ. */
export function signalOf({ signal }: CallOptions): CallOptions {
  return signal === undefined ? {} : { signal };
}
