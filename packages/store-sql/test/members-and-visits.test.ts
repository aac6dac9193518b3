import type { Member, Purchase, Visit } from "@facekit/core";
import { describe, expect, test } from "vitest";
import { collect, openStore, temporaryFile } from "./support.js";

const at = (hour: number): Date => new Date(Date.UTC(2026, 0, 5, hour));

describe("members", () => {
  test("are created, replaced, listed and deleted with their purchases", async () => {
    const { members } = await openStore(temporaryFile());
    const anna: Member = { id: "anna", name: "Anna Ö", email: "a@x.org", phone: "+49 1", createdAt: at(1) };
    await members.put("gym", anna);
    await members.put("gym", { id: "Ben" });
    expect(await members.get("gym", "anna")).toStrictEqual(anna);
    expect(await members.get("gym", "Ben")).toStrictEqual({ id: "Ben" });
    expect(await members.get("pool", "anna")).toBeUndefined();
    expect((await collect(members.list("gym"))).map(({ id }) => id)).toEqual(["Ben", "anna"]);

    const tea: Purchase = { id: "2", product: "Tea", quantity: -0.5, total: "-1.10", currency: "EUR", at: at(3) };
    const undated: Purchase = { id: "0", product: "Mat", quantity: 1, total: "12.90", currency: "EUR" };
    const old: Purchase = { ...tea, id: "3", at: new Date(-5) };
    for (const purchase of [undated, tea, old, { ...tea, product: "Coffee" }]) {
      await members.addPurchase("gym", "anna", purchase);
    }
    await members.put("gym", { id: "anna", name: "Anna" });
    expect(await members.get("gym", "anna")).toStrictEqual({ id: "anna", name: "Anna" });
    expect(await collect(members.purchases("gym", "anna"))).toStrictEqual([old, tea, undated]);
    expect(await collect(members.purchases("gym", "nobody"))).toEqual([]);
    await expect(members.addPurchase("gym", "nobody", tea)).rejects.toMatchObject({ code: "unknown-member" });

    expect(await members.delete("gym", "anna")).toBe(true);
    expect(await members.delete("gym", "anna")).toBe(false);
    await members.put("gym", { id: "anna" });
    expect(await collect(members.purchases("gym", "anna"))).toEqual([]);
  });

  test("page over many purchases, dated or not", async () => {
    const { members } = await openStore(temporaryFile());
    await members.put("gym", { id: "anna" });
    const line = { product: "Tea", quantity: 1, total: "1.10", currency: "EUR" };
    for (let i = 0; i < 1100; i++) {
      await members.addPurchase("gym", "anna", { id: `${i}`, ...line, ...(i % 3 === 0 ? {} : { at: at(i % 5) }) });
    }
    const found = await collect(members.purchases("gym", "anna"));
    expect(new Set(found.map(({ id }) => id)).size).toBe(1100);
    expect(found.slice(-367).every((purchase) => purchase.at === undefined)).toBe(true);
  });

  test("refuse values that would come back changed", async () => {
    const { members } = await openStore(temporaryFile());
    await expect(members.put("gym", { id: "" })).rejects.toMatchObject({ code: "invalid-argument" });
    await expect(members.put("gym", { id: "a", name: "x\0y" })).rejects.toMatchObject({ code: "invalid-argument" });
    await members.put("gym", { id: "a" });
    const purchase = { id: "1", product: "Tea", quantity: Number.NaN, total: "1", currency: "EUR" };
    await expect(members.addPurchase("gym", "a", purchase)).rejects.toMatchObject({ code: "invalid-argument" });
  });
});

describe("visits", () => {
  const visit = (key: string, memberId: string, hour: number, more: Partial<Visit> = {}): Visit => ({
    key,
    memberId,
    at: at(hour),
    timeZone: "Asia/Kolkata",
    ...more,
  });

  test("are appended once, all or none, and found by every filter", async () => {
    const { visits } = await openStore(temporaryFile());
    const book = [
      visit("b", "anna", 2, { place: "door", similarity: 0.71 }),
      visit("a", "ben", 2, { session: "yoga", similarity: 1 }),
      visit("c", "anna", 1),
    ];
    expect(await visits.append("gym", book)).toBe(3);
    expect(await visits.append("gym", [visit("b", "ben", 9), visit("d", "anna", 4), visit("d", "anna", 5)])).toBe(1);
    await expect(visits.append("gym", [visit("e", "anna", 1), visit("", "anna", 1)])).rejects.toMatchObject({
      code: "invalid-argument",
    });

    const keys = async (query: Parameters<typeof visits.query>[1]): Promise<string> =>
      (await collect(visits.query("gym", query))).map(({ key }) => key).join("");
    expect(await collect(visits.query("gym"))).toStrictEqual([book[2], book[1], book[0], visit("d", "anna", 4)]);
    expect(await keys({ memberId: "anna" })).toBe("cbd");
    expect(await keys({ place: "door" })).toBe("b");
    expect(await keys({ session: "yoga", memberId: "ben" })).toBe("a");
    expect(await keys({ from: at(2) })).toBe("abd");
    expect(await keys({ from: at(1), until: at(2) })).toBe("c");
    expect(await collect(visits.query("pool"))).toEqual([]);
    expect(await visits.deleteMember("gym", "anna")).toBe(3);
    expect(await keys({})).toBe("a");
  });

  test("page over many of one instant", async () => {
    const { visits } = await openStore(temporaryFile());
    const many = Array.from({ length: 2500 }, (_, i) => visit(`v${i}`, "anna", i % 2));
    expect(await visits.append("gym", many)).toBe(2500);
    expect(new Set((await collect(visits.query("gym", { memberId: "anna" }))).map(({ key }) => key)).size).toBe(2500);
  });
});
