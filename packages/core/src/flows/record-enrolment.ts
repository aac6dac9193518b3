import { FaceKitError } from "../errors.js";
import type { CallOptions } from "../spec/adapter.js";
import { type ImageInput, isDecodedImage } from "../spec/image.js";
import type { Member } from "../spec/member-source.js";
import { type FlowContext, signalOf } from "./context.js";

/** What an enrolment leaves beside the faces. */
export interface Enrolment {
  readonly memberId: string;
  readonly templateIds: readonly string[];
  /** The encoded photo of each template; empty where none are kept. */
  readonly photos: readonly Uint8Array[];
  readonly member?: Omit<Member, "id"> | undefined;
}

/**
 * Writes what belongs to faces that were enrolled just now: the photos, then the member's entry, then which faces are
 * the member's. So whatever cuts it off leaves faces without an entry, or an entry whose notes lack a face, and never
 * a photo alone: `reconcile` finds both.
 */
export async function recordEnrolment(
  { members, photos }: FlowContext,
  namespace: string,
  { memberId, templateIds, photos: kept, member }: Enrolment,
  options: CallOptions,
): Promise<void> {
  const call = signalOf(options);
  for (const [i, photo] of kept.entries()) await photos?.put(namespace, memberId, templateIds[i] ?? "", photo, call);
  if (members?.capabilities.writable) {
    const known = await members.get(namespace, memberId, call);
    if (known === undefined || member !== undefined) {
      const given = { ...(known === undefined && { createdAt: new Date() }), ...member, id: memberId };
      // Field by field where the source can do that: what others wrote since it was read stays.
      if (members.merge !== undefined) await members.merge(namespace, given, call);
      else await members.put(namespace, { ...known, ...given }, call);
    }
  }
  await members?.linkFaces?.(namespace, memberId, templateIds, { ...call, mode: "add" });
}

/** The photo as it is to be looked at, and its bytes where they are to be kept: a file is read once for both. */
export async function photoToKeep(
  { photos, readPhoto }: FlowContext,
  photo: ImageInput,
  options: CallOptions & { readonly keepPhotos?: boolean },
): Promise<{ readonly image: ImageInput; readonly bytes?: Uint8Array }> {
  if (photos === undefined || options.keepPhotos === false) return { image: photo };
  if (isDecodedImage(photo)) {
    throw new FaceKitError(
      "invalid-argument",
      "This kit keeps photos, and decoded pixels are none that could be kept: pass the encoded photo, or keepPhotos: false.",
    );
  }
  const bytes = await (readPhoto ?? readBytes)(photo, signalOf(options));
  return { image: bytes, bytes };
}

async function readBytes(photo: ImageInput): Promise<Uint8Array> {
  if (photo instanceof Uint8Array) return photo;
  if (photo instanceof ArrayBuffer) return new Uint8Array(photo);
  if (photo instanceof Blob) return new Uint8Array(await photo.arrayBuffer());
  throw new FaceKitError(
    "invalid-argument",
    "This kit keeps photos and has no readPhoto that reads files: pass the photo's bytes, or keepPhotos: false.",
  );
}
