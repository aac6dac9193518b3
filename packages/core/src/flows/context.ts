import { checkId, checkNumber } from "../checks.js";
import type { ThresholdOptions } from "../decision.js";
import { chooseThreshold, type Threshold } from "../decision.js";
import { FaceKitError } from "../errors.js";
import { faceSize } from "../geometry/boxes.js";
import type { CallOptions } from "../spec/adapter.js";
import type { FaceIndex, FaceProbe } from "../spec/face-index.js";
import type { ImageInput } from "../spec/image.js";
import type { MemberSource } from "../spec/member-source.js";
import type { VisitLog } from "../spec/visit-log.js";

/** What every flow stands on. */
export interface FlowContext {
  readonly index: FaceIndex;
  readonly members: MemberSource | undefined;
  readonly visits: VisitLog;
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
export const flowOptionNames = ["namespace", "threshold", "falseMatchRate", "signal"] as const;

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

export function thresholdFor(context: FlowContext, options: ThresholdOptions): Threshold {
  const own = options.threshold !== undefined || options.falseMatchRate !== undefined;
  const { threshold, falseMatchRate } = own ? options : context.threshold;
  return chooseThreshold(
    {
      ...(threshold === undefined ? {} : { threshold }),
      ...(falseMatchRate === undefined ? {} : { falseMatchRate }),
    },
    context.index.calibration,
  );
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
  options: CallOptions & { readonly minFaceSize?: number; readonly several: "refuse" | "largest" },
): Promise<FaceProbe> {
  const wanted = options.minFaceSize ?? context.minFaceSize;
  checkNumber("minFaceSize", wanted, { min: 1, max: 1e5 });
  const probes = await context.index.probe(image, { scene: "portrait", ...signalOf(options) });
  const source = sourceOf(image);
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
