import type { FaceDetail, Landmark } from "@aws-sdk/client-rekognition";
import {
  type CallOptions,
  checkNumber,
  type DecodedImage,
  type DetectOptions,
  type Face,
  type FiveLandmarks,
  type ImageEncoder,
  type Point,
} from "@facekit/core";
import { enoughSide, photoToSend } from "./photos.js";
import type { Rekognition } from "./service.js";

/** All faces of a photo by `DetectFaces`, best first, with positions in that photo. */
export async function detectFaces(
  service: Rekognition,
  encode: ImageEncoder,
  photo: DecodedImage,
  { signal }: CallOptions,
): Promise<Face[]> {
  signal?.throwIfAborted();
  const call = signal === undefined ? {} : { signal };
  const sent = await photoToSend(photo, encode, enoughSide, call);
  const { FaceDetails = [] } = await service.call(
    "DetectFaces",
    (client, sdk, http) => client.send(new sdk.DetectFacesCommand({ Image: { Bytes: sent.bytes } }), http),
    call,
  );
  const scale = {
    x: (sent.width * photo.width) / sent.photoWidth,
    y: (sent.height * photo.height) / sent.photoHeight,
  };
  return FaceDetails.flatMap((detail) => faceOf(detail, scale) ?? []).sort((a, b) => b.score - a.score);
}

/** Throws `invalid-argument` for options of a detection that are out of range. */
export function checkDetectOptions({ minScore, maxFaces }: DetectOptions): void {
  if (minScore !== undefined) checkNumber("minScore", minScore, { min: 0, max: 1 });
  if (maxFaces !== undefined)
    checkNumber("maxFaces", maxFaces, { min: 1, max: Number.MAX_SAFE_INTEGER, integer: true });
}

/** Those of the faces that were asked for. */
export function facesAskedFor(faces: readonly Face[], { minScore = 0, maxFaces }: DetectOptions): Face[] {
  return faces.filter(({ score }) => score >= minScore).slice(0, maxFaces);
}

/** Undefined where the answer lacks a box. */
function faceOf(
  { BoundingBox: box, Confidence, Landmarks, Pose, Quality }: FaceDetail,
  scale: Point,
): Face | undefined {
  const { Left, Top, Width, Height } = box ?? {};
  if (Left === undefined || Top === undefined || !Width || !Height) return undefined;
  const landmarks = landmarksOf(Landmarks ?? [], scale);
  const { Yaw, Pitch, Roll } = Pose ?? {};
  const { Brightness, Sharpness } = Quality ?? {};
  return {
    box: { x: Left * scale.x, y: Top * scale.y, width: Width * scale.x, height: Height * scale.y },
    score: Math.min(1, Math.max(0, (Confidence ?? 0) / 100)),
    ...(landmarks === undefined ? {} : { landmarks }),
    ...(Yaw === undefined || Pitch === undefined || Roll === undefined
      ? {}
      : { pose: { yaw: Yaw, pitch: Pitch, roll: Roll } }),
    ...(Brightness === undefined || Sharpness === undefined
      ? {}
      : { quality: { brightness: Brightness / 100, sharpness: Sharpness / 100 } }),
  };
}

/** The service's left and right are those of the image. */
function landmarksOf(landmarks: readonly Landmark[], scale: Point): FiveLandmarks | undefined {
  const point = (type: string): Point | undefined => {
    const { X, Y } = landmarks.find(({ Type }) => Type === type) ?? {};
    return X === undefined || Y === undefined ? undefined : { x: X * scale.x, y: Y * scale.y };
  };
  const [leftEye, rightEye, nose] = [point("eyeLeft"), point("eyeRight"), point("nose")];
  const [leftMouth, rightMouth] = [point("mouthLeft"), point("mouthRight")];
  return leftEye && rightEye && nose && leftMouth && rightMouth && [leftEye, rightEye, nose, leftMouth, rightMouth];
}
