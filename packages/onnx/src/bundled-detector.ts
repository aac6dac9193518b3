import { type Detector, type Face, overlapOfSmaller, specVersion, suppressOverlaps } from "@facekit/core";
import { blazeFaces } from "./blazeface.js";
import { checkedDetectOptions } from "./detect-options.js";
import { enough } from "./finest.js";
import { type LandmarkCrop, withLandmarks68 } from "./landmarks68.js";
import { checkImage } from "./pixels.js";
import type { OnnxSession } from "./session.js";
import { ssdFaces } from "./ssd-mobilenet.js";
import { imageTiles } from "./tiles.js";

export interface BundledDetectorSessions {
  readonly blazeface: OnnxSession;
  readonly ssd: OnnxSession;
  readonly landmarks: OnnxSession;
}

/** BlazeFace's boxes below this share of the photo's longest side are mostly no faces; SSD finds the small ones. */
const minBlazeFaceShare = 0.04;
/** Two nets frame one face differently: more overlap than this is one face. */
const sameFaceOverlap = 0.4;
const tileSide = 512;

/** Measured with these two detectors' boxes; `docs/models.md` tells on which photos. */
const blazeFaceCrop: LandmarkCrop = { scale: 1.15, shiftY: -0.07 };
const ssdCrop: LandmarkCrop = { scale: 1.15, shiftY: 0 };

/**
 * The detector of the bundled pack: BlazeFace for portraits; for groups SSD MobileNet too, and what BlazeFace adds.
 * The 68-point net measures the landmarks of every face in one batch.
 */
export function bundledDetector(sessions: BundledDetectorSessions): Detector {
  const id = "bundled";
  return {
    specVersion,
    id,
    capabilities: { landmarks: true, landmarks68: true },
    enough,

    async detect(image, options = {}) {
      const { scene, minScore, maxFaces, signal } = checkedDetectOptions(options, 0.5);
      checkImage(image, id);
      signal?.throwIfAborted();
      const smallest = minBlazeFaceShare * Math.max(image.width, image.height);
      const near = (await blazeFaces(sessions.blazeface, image, minScore)).filter(({ box }) => box.width >= smallest);
      signal?.throwIfAborted();
      let far: Face[] = [];
      if (scene !== "portrait" || near.length === 0) far = await ssdFaces(sessions.ssd, image, minScore);
      if (scene === "crowd") {
        for (const tile of imageTiles(image, tileSide)) {
          signal?.throwIfAborted();
          for (const face of await ssdFaces(sessions.ssd, tile.image, minScore)) {
            const { box } = face;
            if (!tile.cuts(box)) far.push({ ...face, box: { ...box, x: box.x + tile.x, y: box.y + tile.y } });
          }
        }
        far = suppressOverlaps(far, sameFaceOverlap, overlapOfSmaller);
      }
      signal?.throwIfAborted();
      // BlazeFace's boxes are what the landmark crop was measured on, so of two boxes of one face its own is kept.
      const added = far.filter((face) =>
        near.every((other) => overlapOfSmaller(face.box, other.box) <= sameFaceOverlap),
      );
      const faces = [
        ...near.map((face) => ({ ...face, crop: blazeFaceCrop })),
        ...added.map((face) => ({ ...face, crop: ssdCrop })),
      ];
      faces.sort((a, b) => b.score - a.score);
      return withLandmarks68(sessions.landmarks, image, faces.slice(0, maxFaces), signal && { signal });
    },

    async [Symbol.asyncDispose]() {
      await Promise.all(Object.values(sessions).map((session) => session[Symbol.asyncDispose]()));
    },
  };
}
