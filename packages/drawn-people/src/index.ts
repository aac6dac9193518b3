export type { PictureFormat } from "./camera.js";
export { type CastMember, cast } from "./cast.js";
export {
  type Background,
  type Camera,
  conditionsFromSeed,
  type Expression,
  type Light,
  type PictureConditions,
  type Pose,
} from "./conditions.js";
export { drawGroupPhoto, type GroupPhoto, type GroupPhotoOptions, type Participant } from "./group-photo.js";
export {
  type BeardStyle,
  type GlassesStyle,
  type HairStyle,
  type PersonParameters,
  personFromSeed,
  type Trait,
  traitRanges,
} from "./person.js";
export { drawPortrait, type PortraitOptions } from "./portrait.js";
export { type DrawnDomainThreshold, drawnDomainThresholds } from "./thresholds.js";
