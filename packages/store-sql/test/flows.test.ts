import { type MemberSource, memoryMemberSource, memoryPhotoStore } from "@facekit/core";
import { onTestFinished } from "vitest";
import { toyFaces, toyFlows } from "../../conformance/test/toy-flows.js";
import { type SqliteStore, sqliteStore } from "../src/index.js";
import { temporaryFile } from "./support.js";

/** In memory, which lives as long as the index of a test: `reconcile` would not repair by members that end before. */
function lastingMembers(): MemberSource {
  const source = memoryMemberSource();
  return { ...source, capabilities: { ...source.capabilities, persistent: true } };
}

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
