import { rekognitionServer } from "@facekit/conformance/rekognition-server";
import { type DecodedImage, FaceKitError, type ImageDecoder, type VectorIndex } from "@facekit/core";
import { expect, onTestFinished, test } from "vitest";
import { toyDetector, toyEmbedder, toyIndex } from "./toys.js";

const grey: DecodedImage = { data: new Uint8Array(96 * 96 * 3).fill(128), width: 96, height: 96, channels: 3 };

/** Asks a server over this engine to detect faces, again and again, and gives what it answers. */
async function detectAt(engine: { readonly decode?: ImageDecoder; readonly index?: VectorIndex }) {
  const { decode = async () => grey, index = toyIndex() } = engine;
  const server = await rekognitionServer({
    engine: { detector: toyDetector(), embedder: toyEmbedder(), index, decode },
  });
  onTestFinished(() => server[Symbol.asyncDispose]());
  const Bytes = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0x00]).toString("base64");
  return async (): Promise<string> => {
    const response = await fetch(server.endpoint, {
      method: "POST",
      headers: { authorization: "AWS4-HMAC-SHA256 none", "x-amz-target": "RekognitionService.DetectFaces" },
      body: JSON.stringify({ Image: { Bytes } }),
    });
    return response.text();
  };
}

test("Rekognition's server answers the next time where its engine failed once", async () => {
  let decodings = 0;
  const detect = await detectAt({
    async decode() {
      if (decodings++ === 0) throw new Error("out of memory");
      return grey;
    },
  });
  expect(await detect()).toContain("InternalServerError");
  expect(await detect()).toContain('"FaceDetails":[]');
});

test("Rekognition's server calls only a photo unreadable that is", async () => {
  const detect = await detectAt({
    decode: () => Promise.reject(new FaceKitError("image-unreadable", "It is cut short.")),
  });
  expect(await detect()).toContain("InvalidImageFormatException");
});

test("Rekognition's server opens its index again where that failed once", async () => {
  const index = toyIndex();
  let openings = 0;
  const failing: VectorIndex = {
    ...index,
    async open(space) {
      if (openings++ === 0) throw new Error("no room");
      await index.open(space);
    },
  };
  const detect = await detectAt({ index: failing });
  expect(await detect()).toContain("InternalServerError");
  expect(await detect()).toContain('"FaceDetails":[]');
});
