import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** A folder with weights that are not ours to ship: `FACEKIT_MODELS`, or `shared/models` beside the checkout. */
const folder = process.env.FACEKIT_MODELS ?? fileURLToPath(new URL("../../../../shared/models", import.meta.url));

export const sharedModels: string | undefined = existsSync(folder) ? folder : undefined;
export const whyNot = "needs the weights of docs/models.md in a folder that FACEKIT_MODELS names";
