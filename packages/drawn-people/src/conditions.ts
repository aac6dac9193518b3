import { randomFrom } from "./random.js";

export interface Light {
  /** Where it comes from: -1 is the left of the picture, 1 the right. */
  readonly from: number;
  /** 0 is even light, 1 leaves the far side in shadow. */
  readonly strength: number;
  /** -1 is cold daylight, 1 a warm lamp. */
  readonly warmth: number;
  /** Brightness of the whole picture, 1 being right. */
  readonly exposure: number;
}

/** Degrees. */
export interface Pose {
  /** Turned to the right of the picture. */
  readonly yaw: number;
  /** Turned down. */
  readonly pitch: number;
  /** Leaning clockwise. */
  readonly roll: number;
}

export interface Expression {
  /** -1 is glum, 1 a broad smile. */
  readonly smile: number;
  /** 0 is a closed mouth, 1 an open one. */
  readonly mouthOpen: number;
  /** -1 is a frown, 1 is surprise. */
  readonly browRaise: number;
}

export interface Camera {
  /** Sigma of the blur, in pixels. */
  readonly blur: number;
  /** Standard deviation of the noise, in grey levels of 255. */
  readonly noise: number;
  /** 1 to 100. */
  readonly jpegQuality: number;
}

export type Background = "studio" | "room" | "park" | "night";

/** Everything about a picture that is not the person: two pictures of one person differ in these only. */
export interface PictureConditions {
  readonly light: Light;
  readonly pose: Pose;
  readonly expression: Expression;
  readonly camera: Camera;
  readonly background: Background;
  /** Whether the person's glasses are on; means nothing for someone who owns none. */
  readonly glassesOn: boolean;
  /** Hue of the background and of the clothes, in degrees. */
  readonly backgroundHue: number;
  readonly clothesHue: number;
  /** Times the usual size of the face in the picture. */
  readonly zoom: number;
  /** Feeds what is strewn by chance in this picture: the noise, the lights of the background. */
  readonly grain: number;
}

/** Light, pose, expression and camera of an everyday picture; the same seed always gives the same. */
export function conditionsFromSeed(seed: number): PictureConditions {
  const random = randomFrom(seed, "conditions");
  return {
    light: {
      from: random.between(-1, 1),
      strength: random.between(0.1, 0.75),
      warmth: random.between(-0.6, 0.6),
      exposure: random.between(0.86, 1.1),
    },
    pose: { yaw: random.between(-12, 12), pitch: random.between(-7, 7), roll: random.between(-6, 6) },
    expression: {
      smile: random.between(-0.2, 0.8),
      mouthOpen: random.chance(0.25) ? random.between(0.1, 0.5) : 0,
      browRaise: random.between(-0.4, 0.6),
    },
    camera: {
      blur: random.chance(0.4) ? random.between(0.4, 1.1) : 0,
      noise: random.between(0.5, 5),
      jpegQuality: Math.round(random.between(72, 94)),
    },
    background: random.pick(["studio", "room", "park", "night"]),
    glassesOn: random.chance(0.85),
    backgroundHue: random.between(0, 360),
    clothesHue: random.between(0, 360),
    zoom: random.between(0.9, 1.08),
    grain: seed,
  };
}
