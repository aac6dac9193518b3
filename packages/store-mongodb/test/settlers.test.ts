import type { Visit, VisitLog } from "@facekit/core";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { mongodbStore } from "../src/index.js";
import { collect, type HeldClient, heldClient, temporaryDatabase, uri, whereFrom } from "./support.js";

vi.setConfig({ testTimeout: 240_000 });

async function held(database: string): Promise<HeldClient & { readonly visits: VisitLog }> {
  const through = await heldClient(uri ?? "");
  const store = mongodbStore({ client: through.client, database });
  onTestFinished(() => store[Symbol.asyncDispose]());
  return { ...through, visits: store.visits };
}

const visit = (memberId: string): Visit => ({
  key: memberId,
  memberId,
  at: new Date(1_760_000_000_000),
  timeZone: "UTC",
});

describe.skipIf(uri === undefined)(`Two that settle a commit at once (${whereFrom})`, () => {
  test("lose no visits where a third erases some of them", async () => {
    const database = temporaryDatabase(uri ?? "");
    const [a, b, c] = [await held(database), await held(database), await held(database)];
    for (const { visits } of [a, b, c]) expect(await collect(visits.query("gym"))).toEqual([]);

    // B is about to erase what it finds, before there is anything.
    const atDelete = b.holdAt((_, body) => body.delete === "facekit.visits");
    const erased = b.visits.deleteMember("gym", "anna");
    await Promise.race([atDelete, erased]);
    // A has shown its visits, and is about to say so.
    const atMark = a.holdAt((_, body) => body.update === "facekit.visit-commits");
    const appended = a.visits.append("gym", ["anna", "ben", "cleo"].map(visit));
    await atMark;
    b.release();
    await erased;
    // C comes by, and misses what B erased.
    const atDiscard = c.holdAt((_, body) => body.delete === "facekit.visits");
    const looked = collect(c.visits.query("gym"));
    await Promise.race([atDiscard, looked]);
    a.release();
    expect(await appended).toBe(3);
    c.release();
    await looked;
    const members = (await collect(b.visits.query("gym"))).map(({ memberId }) => memberId);
    expect(members.filter((member) => member !== "anna")).toEqual(["ben", "cleo"]);
  });
});
