import type { AlignmentTemplate, Calibration, EmbeddingSpace } from "@facekit/core";

/** What must be known of a net to find it, run it and use it lawfully. Data only: a card is code for nobody. */
export type ModelCard = DetectorCard | LandmarkCard | EmbedderCard;

interface CardBase {
  /** Short and stable; what people type: `"yunet-640"`. */
  readonly id: string;
  readonly title: string;
  /** The name under which the file is published, and kept in the cache. */
  readonly file: string;
  /** Other names under which a models directory may hold the same bytes. */
  readonly fileNames?: readonly string[];
  /** The file's length. */
  readonly bytes: number;
  /** Of the file, in lower-case hexadecimal. */
  readonly sha256: string;
  /** The page that says where the net comes from. */
  readonly source: string;
  /** Where the file itself is downloaded, if it can be. */
  readonly url?: string;
  readonly licence: ModelLicence;
  /** The file comes with this package. */
  readonly bundled?: true;
  readonly input: ModelInput;
  readonly notes?: string;
}

export interface ModelLicence {
  /** Of the weights: an SPDX identifier, or a sentence where none fits. */
  readonly weights: string;
  readonly weightsNote?: string;
  /** What is known of the images it was trained on. */
  readonly data: string;
  /**
   * `"no"`: the weights' licence forbids it; such a net loads only with `acceptNonCommercial`.
   * `"unclear"`: the weights' licence allows it, but the training images were gathered for research or are unknown.
   */
  readonly commercialUse: "yes" | "no" | "unclear";
}

/** How pixels become the input tensor: value = (pixel - mean) / std, pixels 0..255. */
export interface ModelInput {
  /** `NHWC-uint8-rgb` nets take the pixels as they are and do the arithmetic themselves. */
  readonly layout: "NHWC-uint8-rgb" | "NCHW-float32";
  /** Pixels. */
  readonly width: number | "dynamic";
  /** Pixels. */
  readonly height: number | "dynamic";
  readonly channels: "rgb" | "bgr";
  /** Per channel, in the order of `channels`, in the units of a pixel. */
  readonly mean: readonly [number, number, number];
  readonly std: readonly [number, number, number];
  /** Set where the net takes one image a run, and no more. */
  readonly fixedBatch?: 1;
}

/** Which points of a face a detector measures: see `Face` in core. */
export type FacePoints = "landmarks" | "landmarks68";

export type DetectorCard = YunetCard | BlazefaceSsdCard | SsdCard;

interface DetectorBase extends CardBase {
  readonly task: "detect";
  /** Faces of a lower score are dropped unless the caller says otherwise, 0..1. */
  readonly minScore: number;
  readonly gives: readonly FacePoints[];
}

export interface YunetCard extends DetectorBase {
  readonly family: "yunet";
}

/** One detector of three nets: this file finds large faces, its parts find small ones and the points of all. */
export interface BlazefaceSsdCard extends DetectorBase {
  readonly family: "blazeface-ssd";
  readonly parts: { readonly ssd: SsdCard; readonly landmarks: LandmarkCard };
}

/** Boxes only. */
export interface SsdCard extends DetectorBase {
  readonly family: "ssd-mobilenet";
}

/** Measures the 68 points of the iBUG 300-W scheme in the crop of one face. */
export interface LandmarkCard extends CardBase {
  readonly task: "landmarks";
}

export interface EmbedderCard extends CardBase {
  readonly task: "embed";
  readonly alignment: AlignmentTemplate;
  readonly space: EmbeddingSpace;
  /** The vector is the mean of the chip's and its mirror image's: twice the time. Part of the space, so of its id. */
  readonly mirrored?: boolean;
  /** The output that holds the vector, where the net has several. */
  readonly output?: string;
  readonly calibration?: Calibration;
}
