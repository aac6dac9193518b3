/** A position in pixels of the upright image; the origin is its top-left corner, pixel centres lie at .5. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/** A rectangle in pixels of the upright image. It may reach over the image's border. */
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Five points, left and right **as seen in the image**. */
export type FiveLandmarks = readonly [
  leftEye: Point,
  rightEye: Point,
  noseTip: Point,
  leftMouthCorner: Point,
  rightMouthCorner: Point,
];

/** How a head is turned, in degrees, each 0 for a face straight before the camera, by the detector's own convention. */
export interface FacePose {
  readonly yaw: number;
  readonly pitch: number;
  readonly roll: number;
}

/** How well a face can be seen, each 0..1 and greater for better, on the detector's own scale. */
export interface FaceQuality {
  readonly brightness: number;
  readonly sharpness: number;
}

/** A face found in an image. */
export interface Face {
  readonly box: Box;
  /** The detector's confidence, 0..1. Not comparable between detectors. */
  readonly score: number;
  readonly landmarks?: FiveLandmarks;
  /** The 68 points of the iBUG 300-W scheme, where the detector measures them. */
  readonly landmarks68?: readonly Point[];
  /** Where the detector measures them. */
  readonly pose?: FacePose;
  readonly quality?: FaceQuality;
}
