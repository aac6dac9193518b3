import { describe, onTestFinished, vi } from "vitest";
import { lastingMembers, toyFaces, toyFlows } from "../../conformance/test/toy-flows.js";
import { type MongodbStore, mongodbStore } from "../src/index.js";
import { temporaryDatabase, uri, whereFrom } from "./support.js";

vi.setConfig({ testTimeout: 240_000 });

const url = uri ?? "mongodb://127.0.0.1:27017/";

function newStore(): MongodbStore {
  const store = mongodbStore({ url, database: temporaryDatabase(url) });
  onTestFinished(() => store[Symbol.asyncDispose]());
  return store;
}

describe.skipIf(uri === undefined)(`MongoDB (${whereFrom})`, () => {
  toyFlows("members in MongoDB", () => ({ index: toyFaces(), members: newStore().members }));

  // A source that notes whose faces are whose: so the ids of templates are compared.
  toyFlows("faces in MongoDB", () => ({ index: toyFaces(newStore().faceRecords), members: lastingMembers() }));
});
