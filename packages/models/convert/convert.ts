/** Converts the weights of the two packages, in memory. */

import { blazeface } from "./blazeface.js";
import { faceRecognition } from "./face-recognition.js";
import { landmarks68 } from "./landmarks.js";
import { notice } from "./notice.js";
import * as sources from "./sources.js";
import { ssdMobilenet } from "./ssd-mobilenet.js";
import { Weights } from "./tfjs-weights.js";

interface ConvertedFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** The models, NOTICE.md, and last manifest.json, which lists the models. The same sources give the same bytes. */
export function convert(read: sources.ReadSource = sources.readInstalled): ConvertedFile[] {
  const source = sources.checked(read);
  const weights = (manifest: sources.SourceFile, bytes: sources.SourceFile) =>
    new Weights(source(manifest), source(bytes));

  const files: ConvertedFile[] = [
    {
      name: "blazeface-back.onnx",
      bytes: blazeface(weights(sources.blazefaceManifest, sources.blazefaceWeights)),
    },
    {
      name: "ssd-mobilenetv1-face.onnx",
      bytes: ssdMobilenet(weights(sources.ssdManifest, sources.ssdWeights)),
    },
    {
      name: "landmarks-68.onnx",
      bytes: landmarks68(weights(sources.landmarksManifest, sources.landmarksWeights)),
    },
    {
      name: "face-recognition-dlib.onnx",
      bytes: faceRecognition(weights(sources.recognitionManifest, sources.recognitionWeights)),
    },
    { name: "NOTICE.md", bytes: utf8(notice(new TextDecoder().decode(source(sources.packageLicense)))) },
  ];
  return [...files, { name: "manifest.json", bytes: utf8(`${JSON.stringify(manifest(files), undefined, 2)}\n`) }];
}

function manifest(files: readonly ConvertedFile[]): unknown {
  return { files: files.map(({ name, bytes }) => ({ name, bytes: bytes.length, sha256: sources.sha256(bytes) })) };
}

function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
