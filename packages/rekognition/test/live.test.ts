import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { DeleteCollectionCommand, ListCollectionsCommand, RekognitionClient } from "@aws-sdk/client-rekognition";
import { faceIndexConformance, type PicturedPerson } from "@facekit/conformance";
import type { FaceIndex, StrayFaces } from "@facekit/core";
import { decodeImage, encodeImage } from "@facekit/node";
import { afterAll, test } from "vitest";
import { rekognitionIndex } from "../src/index.js";

/** Three folders or more, each with two photos or more of one person. The last person is nobody who is enrolled. */
const folder = process.env.FACEKIT_LIVE_PHOTOS;
const asksAws = process.env.FACEKIT_LIVE_REKOGNITION === "1";
const command =
  "FACEKIT_LIVE_REKOGNITION=1 AWS_REGION=… FACEKIT_LIVE_PHOTOS=FOLDER npx vitest run packages/rekognition/test/live.test.ts";

if (!asksAws || folder === undefined) {
  test.skip(`Rekognition on AWS: not run, since it costs money and wants photos: ${command}`, () => undefined);
} else {
  const prefix = `facekit-test-${crypto.randomUUID()}`;
  let made = 0;

  const people: PicturedPerson[] = [];
  for (const entry of (await readdir(folder, { withFileTypes: true })).filter((each) => each.isDirectory())) {
    const files = (await readdir(join(folder, entry.name))).sort();
    people.push({ id: entry.name, images: files.map((file) => join(folder, entry.name, file)) });
  }
  const stranger = people.pop()?.images[0];
  if (stranger === undefined) throw new Error(`${folder} wants three folders of photos.`);

  faceIndexConformance({
    test: (name, run) => test(`${name} (on AWS)`, run, 600_000),
    create: () => renamed(rekognitionIndex({ encode: encodeImage, decode: decodeImage }), prefix, made++),
    people,
    stranger,
  });

  afterAll(async () => {
    const client = new RekognitionClient({});
    let NextToken: string | undefined;
    const ours: string[] = [];
    do {
      const page = await client.send(new ListCollectionsCommand(NextToken === undefined ? {} : { NextToken }));
      ours.push(...(page.CollectionIds ?? []).filter((id) => id.startsWith(prefix)));
      NextToken = page.NextToken;
    } while (NextToken);
    for (const CollectionId of ours) await client.send(new DeleteCollectionCommand({ CollectionId }));
    client.destroy();
  }, 600_000);
}

/** The same index, each test in collections of its own. */
function renamed(index: FaceIndex, prefix: string, number: number): FaceIndex {
  const named = (namespace: string): string =>
    // What must be refused stays as it is.
    namespace.length === 0 || namespace.length > 100 ? namespace : `${prefix}-${number}-${namespace}`;
  const { strays } = index;
  const renamedStrays: StrayFaces | undefined = strays && {
    list: (namespace, options) => strays.list(named(namespace), options),
    delete: (namespace, ids, options) => strays.delete(named(namespace), ids, options),
  };
  return {
    ...index,
    ...(renamedStrays && { strays: renamedStrays }),
    search: (namespace, probes, options) => index.search(named(namespace), probes, options),
    enrol: (namespace, memberId, probes, options) => index.enrol(named(namespace), memberId, probes, options),
    deleteMember: (namespace, memberId, options) => index.deleteMember(named(namespace), memberId, options),
    members: (namespace, options) => index.members(named(namespace), options),
    [Symbol.asyncDispose]: () => index[Symbol.asyncDispose](),
  };
}
