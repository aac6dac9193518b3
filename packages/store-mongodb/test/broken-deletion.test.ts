import { createFlows, reconcile } from "@facekit/core";
import { MongoClient } from "mongodb";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { toyFaces } from "../../conformance/test/toy-flows.js";
import { toyFile, toyPicture } from "../../conformance/test/toys.js";
import { type MongodbStore, mongodbStore } from "../src/index.js";
import { collect, heldClient, temporaryDatabase, uri, whereFrom } from "./support.js";

vi.setConfig({ testTimeout: 240_000 });

const collections = ["facekit.members", "facekit.purchases"];

describe.skipIf(uri === undefined)(`An erasure that broke off inside the deletion of the member (${whereFrom})`, () => {
  for (const at of collections) {
    test(`is ended by reconcile: before it deletes from ${at}`, async () => {
      const url = uri ?? "";
      const database = temporaryDatabase(url);
      const open = (client: MongoClient): MongodbStore => {
        const store = mongodbStore({ client, database });
        onTestFinished(() => store[Symbol.asyncDispose]());
        return store;
      };
      const client = new MongoClient(url);
      onTestFinished(() => client.close());
      const { members } = open(client);
      const held = await heldClient(url);
      const index = toyFaces();
      const flows = { index, namespace: "gym", threshold: 0.98, minFaceSize: 1 };
      const kit = createFlows({ ...flows, members });
      await kit.register("anna", toyFile(toyPicture([220, 60, 60])));
      await kit.register("ben", toyFile(toyPicture([60, 220, 60])));
      const bought = { product: "tea", quantity: 1, total: "1.00", currency: "EUR" };
      for (let i = 0; i < 3; i++) await members.addPurchase("gym", "anna", { ...bought, id: `${i}` });
      const documents = (): Promise<number[]> =>
        Promise.all(collections.map((name) => client.db(database).collection(name).countDocuments()));
      expect(await documents()).toEqual([2, 3]);

      const cut = open(held.client).members;
      const dying = createFlows({ ...flows, members: cut });
      const dead = new AbortController();
      const killed = held.holdAt((_, body) => body.delete === at).then(() => dead.abort(new Error("Killed.")));
      await expect(dying.forget("anna", { signal: dead.signal })).rejects.toThrow("Killed.");
      await killed;

      const repaired = await collect(reconcile({ namespace: "gym", index, members, apply: true, graceMs: 0 }));
      expect(repaired.map(({ kind, outcome }) => [kind, outcome])).toEqual([["orphaned-faces", "repaired"]]);
      expect(await documents()).toEqual([1, 0]);
      expect((await collect(index.members("gym"))).map(({ memberId }) => memberId)).toEqual(["ben"]);
      // Else the driver waits until its time is up.
      held.release();
      expect(await cut.get("gym", "anna")).toBeUndefined();
    });
  }
});
