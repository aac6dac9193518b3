import { randomFrom } from "./random.js";

/** How the hair is worn; `"headscarf"` hides it. */
export type HairStyle = (typeof hairStyles)[number];
const hairStyles = [
  "bald",
  "cropped",
  "short",
  "side-part",
  "curly",
  "afro",
  "fringe",
  "bob",
  "long",
  "bun",
  "headscarf",
] as const;

export type BeardStyle = (typeof beardStyles)[number];
const beardStyles = ["none", "stubble", "moustache", "goatee", "full"] as const;

/** The glasses that someone owns; the conditions of a picture say whether they are on. */
export type GlassesStyle = (typeof glassesStyles)[number];
const glassesStyles = ["none", "round", "square", "heavy"] as const;

const ranges = {
  /** Times the average width. */
  faceWidth: [0.82, 1.14],
  /** Times the average length from the temples to the chin. */
  faceLength: [0.93, 1.12],
  /** The jaw's width as a share of the face's. */
  jawWidth: [0.66, 0.96],
  /** 0 is the lightest skin, 1 the darkest. */
  skinTone: [0, 1],
  /** 0 is rosy, 1 golden. */
  skinWarmth: [0, 1],
  /** From the middle of the face to the middle of an eye. */
  eyeSpacing: [33, 49],
  /** Height of the eyes, from the temples down. */
  eyeHeight: [-30, 2],
  /** Half the width of an eye. */
  eyeSize: [13, 23],
  /** An eye's height as a share of its width. */
  eyeOpenness: [0.36, 0.72],
  /** Degrees by which the outer corner is raised. */
  eyeTilt: [-13, 13],
  /** Along brown, hazel, green, blue, grey. */
  irisColour: [0, 1],
  /** From the eye up to the brow. */
  browHeight: [19, 34],
  browThickness: [3, 13],
  /** Degrees by which the outer end is raised. */
  browTilt: [-14, 14],
  /** Half the width across the wings. */
  noseWidth: [12, 33],
  /** From the eyes to the tip. */
  noseLength: [32, 66],
  /** Half the width of the mouth. */
  mouthWidth: [24, 50],
  /** Height of both lips together. */
  mouthHeight: [7, 25],
  /** From the tip of the nose to the mouth. */
  mouthDrop: [18, 34],
  /** 0 is the skin's own tone, 1 painted red. */
  lipColour: [0, 1],
  earSize: [0.75, 1.3],
  /** 0 is twenty years old, 1 is seventy-five: lines, folds, grey hair. */
  age: [0, 1],
  /** 0 none, 1 many. */
  freckles: [0, 1],
  /** Along black, brown, chestnut, red, blond, and white past age. */
  hairColour: [0, 1],
} as const;

export type Trait = keyof typeof ranges;

/**
 * Lower and upper bound of every measured trait. Lengths are in face units: an average face is 184 wide, the origin
 * lies between the temples, y grows downwards.
 */
export const traitRanges: Readonly<Record<Trait, readonly [low: number, high: number]>> = ranges;

/** Everything that makes a drawn person this person and no other. The measured traits keep to {@link traitRanges}. */
export interface PersonParameters extends Readonly<Record<Trait, number>> {
  readonly hairStyle: HairStyle;
  readonly beard: BeardStyle;
  readonly glasses: GlassesStyle;
  /** Feeds what is strewn by chance and stays with the person: curls, freckles, strands. */
  readonly grain: number;
}

/** These move a face most in the eyes of a recognition net, so their values prefer the ends of their ranges. */
const telling: ReadonlySet<string> = new Set<Trait>([
  "faceWidth",
  "faceLength",
  "jawWidth",
  "skinTone",
  "eyeSpacing",
  "eyeHeight",
  "eyeSize",
  "eyeOpenness",
  "eyeTilt",
  "browHeight",
  "browThickness",
  "browTilt",
  "noseWidth",
  "noseLength",
  "mouthWidth",
  "mouthHeight",
  "mouthDrop",
]);

/** Draws a person at random; the same seed always gives the same person. */
export function personFromSeed(seed: number): PersonParameters {
  const random = randomFrom(seed, "person");
  const traits = Object.fromEntries(
    Object.entries(traitRanges).map(([trait, [low, high]]) => [
      trait,
      telling.has(trait) ? random.edgy(low, high) : random.between(low, high),
    ]),
  ) as Record<Trait, number>;
  const hairStyle = random.pick(hairStyles);
  const mayHaveBeard = !["bob", "long", "bun", "headscarf", "fringe"].includes(hairStyle);
  return {
    ...traits,
    // Most people are not old, and few have freckles.
    age: traits.age ** 1.6,
    freckles: traits.freckles > 0.8 ? traits.freckles : 0,
    // Dark skin seldom goes with blond or red hair.
    hairColour: traits.skinTone > 0.5 ? traits.hairColour * 0.35 : traits.hairColour,
    lipColour: mayHaveBeard ? traits.lipColour * 0.25 : traits.lipColour,
    hairStyle,
    beard: mayHaveBeard ? random.pick(beardStyles) : "none",
    glasses: random.chance(0.3) ? random.pick(["round", "square", "heavy"]) : "none",
    grain: seed,
  };
}
