import { awsOptionNames } from "@facekit/aws";
import { checkFunction, checkKeys, type Detector, type ImageEncoder, specVersion } from "@facekit/core";
import { checkDetectOptions, detectFaces, facesAskedFor } from "./detect.js";
import { enoughSide } from "./photos.js";
import { type RekognitionConnectionOptions, rekognitionService } from "./service.js";

export interface RekognitionDetectorOptions extends RekognitionConnectionOptions {
  /** Makes a JPEG or PNG, for example `encodeImage` of `@facekit/node`. */
  readonly encode: ImageEncoder;
}

/** How many photos at a time: a request waits for the network, and the least default quota is 5 a second. */
export const photosAtATime = 4;

/**
 * Finds faces by Rekognition's `DetectFaces`, with five landmarks, pose and quality. It finds the 100 largest; all scenes
 * are the same to it. What it sends are pixels of at most 1920 × 1920, never a photo's metadata.
 */
export function rekognitionDetector(options: RekognitionDetectorOptions): Detector {
  checkKeys("rekognitionDetector", options, [...awsOptionNames, "encode"]);
  checkFunction("encode", options.encode);
  const { encode } = options;
  const id = "rekognition-detector";
  const service = rekognitionService(options, id);
  return {
    specVersion,
    id,
    capabilities: { landmarks: true, landmarks68: false },
    concurrency: photosAtATime,
    enough: () => enoughSide,
    async detect(image, call = {}) {
      checkDetectOptions(call);
      return facesAskedFor(await detectFaces(service, encode, image, call), call);
    },
    [Symbol.asyncDispose]: () => service.close(),
  };
}
