import { cloudinaryServer } from "@facekit/conformance/cloudinary-server";
import { memoryPhotoStore } from "@facekit/core";
import { afterAll } from "vitest";
import { lastingMembers, toyFaces, toyFlows } from "../../conformance/test/toy-flows.js";
import { cloudinaryFaceRecords } from "../src/index.js";
import { newFolder } from "./support.js";

const server = await cloudinaryServer({
  settleMs: 3,
  tellsExisting: false,
  listLagMs: 300,
  adminCallsPerHour: Number.MAX_SAFE_INTEGER,
});
afterAll(() => server[Symbol.asyncDispose]());

// What the source notes of faces is compared with what Cloudinary tells of them.
toyFlows("faces in Cloudinary, members and photos elsewhere", () => ({
  index: toyFaces(
    cloudinaryFaceRecords({ url: server.url(), folder: newFolder(), deadlineMs: 60_000, timeoutMs: 60_000 }),
  ),
  members: lastingMembers(),
  photos: memoryPhotoStore(),
}));
