import { memoryPhotoStore } from "@facekit/core";
import { onTestFinished } from "vitest";
import { lastingMembers, toyFaces, toyFlows } from "../../conformance/test/toy-flows.js";
import { type SqliteStore, sqliteStore } from "../src/index.js";
import { temporaryFile } from "./support.js";

function newStore(): SqliteStore {
  const store = sqliteStore(temporaryFile());
  onTestFinished(() => store[Symbol.asyncDispose]());
  return store;
}

toyFlows("SQLite", () => {
  const { faceRecords, members } = newStore();
  return { index: toyFaces(faceRecords), members, photos: memoryPhotoStore() };
});

// A source that notes whose faces are whose: so the ids of templates are compared.
toyFlows("faces in SQLite, members elsewhere", () => ({
  index: toyFaces(newStore().faceRecords),
  members: lastingMembers(),
}));
