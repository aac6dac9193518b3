import { FaceKitError } from "@facekit/core";
import type { ModelCard } from "./card.js";
import { blazefaceBack, dlibResnet, landmarks68, ssdMobilenetFace } from "./cards/bundled.js";
import { mobilefacenetFoamliu } from "./cards/mobilefacenet-foamliu.js";
import { retail0095 } from "./cards/retail-0095.js";
import { sface, sfaceInt8 } from "./cards/sface.js";
import { yunet, yunet640, yunetInt8 } from "./cards/yunet.js";

/** The nets that Facekit knows. `defineModelCard` describes others. */
export const modelCards: readonly ModelCard[] = [
  blazefaceBack,
  ssdMobilenetFace,
  landmarks68,
  dlibResnet,
  yunet,
  yunet640,
  yunetInt8,
  retail0095,
  sface,
  sfaceInt8,
  mobilefacenetFoamliu,
];

/** The card of that id; `invalid-argument` names the known ones where there is none. */
export function findCard(id: string): ModelCard {
  const card = modelCards.find((each) => each.id === id);
  if (card) return card;
  const known = modelCards.map((each) => each.id).join(", ");
  throw new FaceKitError("invalid-argument", `There is no model "${id}". Known are ${known}.`);
}
