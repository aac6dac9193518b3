import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type FlowParts, flowConformance } from "@facekit/conformance";
import { memoryPhotoStore } from "@facekit/core";
import { drawnDomainThresholds } from "@facekit/drawn-people";
import { createFaceKit } from "@facekit/node";
import { test } from "vitest";
import { portrait } from "./drawn.js";

/** The bundled nets over an SQLite file, on drawn people. */
async function parts(): Promise<FlowParts> {
  const file = join(await mkdtemp(join(tmpdir(), "facekit-flows-")), "members.db");
  const { index, members } = await createFaceKit({ store: file });
  if (members === undefined) throw new Error("The kit has no members.");
  return { index, members, photos: memoryPhotoStore() };
}

flowConformance({
  test,
  create: parts,
  people: await Promise.all(
    [1, 2].map(async (person) => ({
      id: `person ${person}`,
      images: await Promise.all([1, 2].map((picture) => portrait(person, 10 * person + picture))),
    })),
  ),
  stranger: await portrait(3, 31),
  threshold: { threshold: drawnDomainThresholds["dlib-resnet-128/landmarks-68/2"]?.threshold ?? 1 },
});
