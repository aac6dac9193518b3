/** The files of the two npm packages that are converted, each pinned to the bytes this converter was written for. */

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

export interface SourceFile {
  readonly package: "@vladmandic/face-api" | "@vladmandic/human";
  readonly path: string;
  readonly sha256: string;
}

export type ReadSource = (source: SourceFile) => Uint8Array;

export const blazefaceManifest: SourceFile = {
  package: "@vladmandic/human",
  path: "models/blazeface.json",
  sha256: "cd7bbfc078270572beb39f9e5ae67aadbd50b5e67cff37e6d4f6b3ea39312e5f",
};
export const blazefaceWeights: SourceFile = {
  package: "@vladmandic/human",
  path: "models/blazeface.bin",
  sha256: "dc9a97fdc50bc43216554bdd69aa3e7b9361a519ee7bdd996a2f69a98a6f9b72",
};
export const ssdManifest: SourceFile = {
  package: "@vladmandic/face-api",
  path: "model/ssd_mobilenetv1_model-weights_manifest.json",
  sha256: "888f744dffbc84f5f060d1f8427d9742341943a2dfaaf9205d10029b7e7a2955",
};
export const ssdWeights: SourceFile = {
  package: "@vladmandic/face-api",
  path: "model/ssd_mobilenetv1_model.bin",
  sha256: "2835640602d53718aa6ae9a42896327eaa21beefed056c218d32ca7d79e1e2f8",
};
export const landmarksManifest: SourceFile = {
  package: "@vladmandic/face-api",
  path: "model/face_landmark_68_model-weights_manifest.json",
  sha256: "ca4886639f86e99b39fed0c155f81b63317225773bd9616716e887b0153389c9",
};
export const landmarksWeights: SourceFile = {
  package: "@vladmandic/face-api",
  path: "model/face_landmark_68_model.bin",
  sha256: "4611ef65c87d836d03d684b30eec4d195d8b219fa1dd58fc58945831c6b9299b",
};
export const recognitionManifest: SourceFile = {
  package: "@vladmandic/face-api",
  path: "model/face_recognition_model-weights_manifest.json",
  sha256: "cbaffa501b0b9275a12b63357a6843e7e30c054e1c9151e1a5f879b26e32986b",
};
export const recognitionWeights: SourceFile = {
  package: "@vladmandic/face-api",
  path: "model/face_recognition_model.bin",
  sha256: "b413e420d6840b2775fba32008db6f3cddb07d485967fb42cfcf379c16a8c589",
};
/** The same text lies in both packages. */
export const packageLicense: SourceFile = {
  package: "@vladmandic/face-api",
  path: "LICENSE",
  sha256: "9a3442b79acaf4fbc7c2e07b7e2d8f84af9bb3871bf08a69d80304ab00640e9a",
};

export const readInstalled: ReadSource = (source) => {
  // Both packages keep their main file in dist/; human's exports hide everything else, its package.json included.
  const main = createRequire(import.meta.url).resolve(source.package);
  return readFileSync(join(dirname(dirname(main)), source.path));
};

/** Refuses a file whose bytes are not the pinned ones: another version's weights would convert without a complaint. */
export function checked(read: ReadSource): ReadSource {
  return (source) => {
    const bytes = read(source);
    const got = sha256(bytes);
    if (got !== source.sha256) {
      throw new Error(`${source.package}/${source.path}: SHA-256 is ${got}, expected ${source.sha256}`);
    }
    return bytes;
  };
}

export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
