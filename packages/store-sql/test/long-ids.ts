import { expect, test } from "vitest";
import type { Places } from "./store-suites.js";
import { collect, recordOf, space } from "./support.js";

/** 512 different characters of three bytes in UTF-8, which no database can press into less. */
function longId(seed: number, last: string): string {
  const characters = Array.from({ length: 511 }, (_, i) =>
    String.fromCharCode(0x4e00 + ((i * 7919 + seed * 104_729) % 20_000)),
  );
  return characters.join("") + last;
}

/** Ids as long as they may be, alike but for their last character, which fit no index key as they are. */
export function longIds<Place>({ make, open }: Places<Place>): void {
  test("takes the longest ids, and orders those that differ in the last character only", async () => {
    await using store = open(await make());
    const { faceRecords, members, visits } = store;
    await faceRecords.open(space);
    const namespace = longId(1, "語");
    const ids = ["a", "b", "\uD7FF", "\uE000", "\uFF5E", "\uFFFF"].map((last) => longId(2, last));
    const shuffled = [3, 0, 5, 1, 4, 2].map((i) => ids[i] ?? "");
    await faceRecords.put(
      namespace,
      shuffled.map((id, i) => recordOf(id, id, i)),
    );
    expect((await collect(faceRecords.members(namespace))).map(({ memberId }) => memberId)).toEqual(ids);
    expect(new Set((await collect(faceRecords.scan(namespace))).map(({ id }) => id))).toEqual(new Set(ids));
    expect(await collect(faceRecords.changes(0))).toHaveLength(ids.length);

    for (const id of shuffled) await members.put(namespace, { id });
    expect((await collect(members.list(namespace))).map(({ id }) => id)).toEqual(ids);
    const line = { product: "Tea", quantity: 1, total: "1.10", currency: "EUR" };
    for (const id of shuffled) await members.addPurchase(namespace, ids[0] ?? "", { id, ...line });
    expect((await collect(members.purchases(namespace, ids[0] ?? ""))).map(({ id }) => id)).toEqual(ids);

    await visits.append(
      namespace,
      shuffled.map((id) => ({ key: id, memberId: ids[1] ?? "", at: new Date(0), timeZone: "UTC" })),
    );
    expect((await collect(visits.query(namespace, { memberId: ids[1] ?? "" }))).map(({ key }) => key)).toEqual(ids);

    expect((await faceRecords.delete(namespace, { ids: ids.slice(1) })).deleted).toBe(ids.length - 1);
    expect(await collect(faceRecords.scan(namespace))).toMatchObject([{ id: ids[0] }]);
    expect(await members.delete(namespace, ids[0] ?? "")).toBe(true);
  });

  test("tells texts apart that differ in spaces, case or accents only", async () => {
    await using store = open(await make());
    const { visits } = store;
    const places = ["gym", "gym ", "GYM", "gým", " gym"];
    await visits.append(
      "n",
      places.map((place, i) => ({ key: `${i}`, memberId: place, at: new Date(0), timeZone: "UTC", place })),
    );
    for (const place of places) {
      expect(await collect(visits.query("n", { place }))).toMatchObject([{ place }]);
      expect(await collect(visits.query("n", { memberId: place }))).toMatchObject([{ memberId: place }]);
    }
  });
}
