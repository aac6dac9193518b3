import { type Purchase, summarisePurchases } from "@facekit/core";
import { describe, expect, test } from "vitest";

let next = 0;
function purchase(fields: Partial<Purchase> = {}): Purchase {
  return { id: `p${next++}`, product: "tea", quantity: 1, total: "1.00", currency: "EUR", ...fields };
}

async function* each(...purchases: readonly Purchase[]): AsyncGenerator<Purchase> {
  yield* purchases;
}

const on = (date: string): { at: Date } => ({ at: new Date(date) });

describe("products", () => {
  test("quantities, times bought and returned, and the last date on which one was bought", async () => {
    const { products, purchases, returns } = await summarisePurchases(
      each(
        purchase({ quantity: 0.1, ...on("2024-01-05T10:00:00Z") }),
        purchase({ quantity: 0.2, ...on("2024-03-05T10:00:00Z") }),
        purchase({ quantity: -1, total: "-1.00", ...on("2024-04-01T10:00:00Z") }),
        purchase({ product: "soap", quantity: 3 }),
        purchase({ product: "beer", quantity: 0 }),
      ),
    );
    expect(products).toEqual([
      {
        product: "tea",
        quantity: -0.7,
        timesBought: 2,
        timesReturned: 1,
        lastBoughtAt: new Date("2024-03-05T10:00:00Z"),
      },
      { product: "soap", quantity: 3, timesBought: 1, timesReturned: 0 },
      { product: "beer", quantity: 0, timesBought: 0, timesReturned: 0 },
    ]);
    expect([purchases, returns]).toEqual([5, 1]);
  });

  test("a tenth is a tenth, and the least and the greatest number are added as they are", async () => {
    const { products } = await summarisePurchases(
      each(
        ...Array.from({ length: 10 }, () => purchase({ quantity: 0.1 })),
        purchase({ product: "atom", quantity: 5e-324 }),
        purchase({ product: "atom", quantity: 5e-324 }),
        purchase({ product: "star", quantity: 1.5e300 }),
        purchase({ product: "star", quantity: -1.5e300 }),
        purchase({ product: "star", quantity: 7 }),
      ),
    );
    const quantity = (name: string) => products.find(({ product }) => product === name)?.quantity;
    expect([quantity("tea"), quantity("atom"), quantity("star")]).toEqual([1, 1e-323, 7]);
  });

  test("beyond maxProducts they are counted together, and money is counted still", async () => {
    const summary = await summarisePurchases(
      each(...["a", "b", "c", "a", "d"].map((product) => purchase({ product }))),
      { maxProducts: 2 },
    );
    expect(summary.products.map(({ product, timesBought }) => [product, timesBought])).toEqual([
      ["a", 2],
      ["b", 1],
    ]);
    expect(summary.purchasesOfOtherProducts).toBe(2);
    expect(summary.totals).toEqual([{ currency: "EUR", total: "5.00" }]);
  });
});

describe("money", () => {
  test("is added exactly, currency by currency", async () => {
    const { totals } = await summarisePurchases(
      each(
        purchase({ total: "0.10" }),
        purchase({ total: "0.20" }),
        purchase({ total: "123456789012345678901234567890.995" }),
        purchase({ total: "-0.30" }),
        purchase({ total: "500", currency: "JPY" }),
        purchase({ total: "-1", currency: "JPY" }),
        purchase({ total: "-0.05", currency: "KWD" }),
        purchase({ total: "+.5", currency: "USD" }),
        purchase({ total: " 5. ", currency: "USD" }),
      ),
    );
    expect(totals).toEqual([
      { currency: "EUR", total: "123456789012345678901234567890.995" },
      { currency: "JPY", total: "499" },
      { currency: "KWD", total: "-0.05" },
      { currency: "USD", total: "5.5" },
    ]);
  });

  test("by month of the time zone, and what has no date apart", async () => {
    const bought = () => [
      purchase({ total: "1.00", ...on("2024-01-31T19:00:00Z") }),
      purchase({ total: "2.00", ...on("2024-02-29T12:00:00Z") }),
      purchase({ total: "4.00", currency: "USD", ...on("2024-02-01T00:00:00Z") }),
      purchase({ total: "8.00" }),
    ];
    const undated = { purchases: 1, totals: [{ currency: "EUR", total: "8.00" }] };
    expect(await summarisePurchases(each(...bought()))).toMatchObject({
      months: [
        { month: "2024-01", totals: [{ currency: "EUR", total: "1.00" }] },
        {
          month: "2024-02",
          totals: [
            { currency: "EUR", total: "2.00" },
            { currency: "USD", total: "4.00" },
          ],
        },
      ],
      undated,
    });
    // Half past midnight of the first of February.
    expect(await summarisePurchases(each(...bought()), { timeZone: "Asia/Kolkata" })).toMatchObject({
      months: [
        {
          month: "2024-02",
          totals: [
            { currency: "EUR", total: "3.00" },
            { currency: "USD", total: "4.00" },
          ],
        },
      ],
      undated,
    });
    expect(await summarisePurchases(each(...bought()), { timeZone: "America/New_York" })).toMatchObject({
      months: [{ month: "2024-01" }, { month: "2024-02" }],
    });
  });
});

describe("what cannot be counted", () => {
  test.each(["12,90", "1.2.3", "1e3", "", "-", ".", "NaN", "€5", "0x10", "٣", "9".repeat(65)])(
    "the total %j is named, and the rest of its record counts",
    async (total) => {
      const summary = await summarisePurchases(each(purchase({ id: "x", total }), purchase()));
      expect(summary).toMatchObject({
        purchases: 2,
        products: [{ product: "tea", quantity: 2 }],
        totals: [{ currency: "EUR", total: "1.00" }],
        malformed: { values: 1, examples: [{ purchaseId: "x", field: "total", value: total.slice(0, 40) }] },
      });
    },
  );

  test("dates and quantities that are none are named; their money counts", async () => {
    const { malformed, ...summary } = await summarisePurchases(
      each(
        purchase({ id: "a", at: new Date(Number.NaN) }),
        purchase({ id: "b", at: new Date(-8.64e15) }),
        purchase({ id: "c", quantity: Number.NaN, ...on("2024-01-05T10:00:00Z") }),
      ),
    );
    expect(malformed).toEqual({
      values: 3,
      examples: [
        { purchaseId: "a", field: "at", value: "Invalid Date" },
        { purchaseId: "b", field: "at", value: expect.any(String) },
        { purchaseId: "c", field: "quantity", value: "NaN" },
      ],
    });
    expect(summary).toMatchObject({
      purchases: 3,
      products: [{ quantity: 2, timesBought: 2 }],
      totals: [{ total: "3.00" }],
      months: [{ month: "2024-01", totals: [{ total: "1.00" }] }],
      undated: { purchases: 2, totals: [{ total: "2.00" }] },
    });
  });

  test("at most 20 are named", async () => {
    const { malformed } = await summarisePurchases(each(...Array.from({ length: 50 }, () => purchase({ total: "?" }))));
    expect([malformed.values, malformed.examples.length]).toEqual([50, 20]);
  });

  test("options are checked, a source's failure and an abort pass through", async () => {
    await expect(summarisePurchases(each(), { timeZone: "Mars/Olympus" })).rejects.toMatchObject({
      code: "invalid-argument",
    });
    await expect(summarisePurchases(each(), { maxProducts: -1 })).rejects.toMatchObject({ code: "invalid-argument" });
    const broken = new Error("broken");
    async function* breaking(): AsyncGenerator<Purchase> {
      yield purchase();
      throw broken;
    }
    await expect(summarisePurchases(breaking())).rejects.toBe(broken);
    const signal = AbortSignal.abort("enough");
    await expect(summarisePurchases(each(purchase()), { signal })).rejects.toBe("enough");
  });
});

describe("what a source makes up", () => {
  test("currencies without end are named and not kept", async () => {
    const many = Array.from({ length: 1500 }, (_, i) => purchase({ currency: `C${i}` }));
    const { totals, malformed } = await summarisePurchases(
      each(...many, purchase({ currency: "" }), purchase({ currency: "C0" })),
    );
    expect([totals.length, malformed.values]).toEqual([1000, 501]);
    expect(malformed.examples[0]).toMatchObject({ field: "currency", value: "C1000" });
    expect(totals.find(({ currency }) => currency === "C0")).toEqual({ currency: "C0", total: "2.00" });
  });

  test("a date beyond the year 9999 is no last date", async () => {
    const { products, undated } = await summarisePurchases(
      each(purchase(on("2024-01-05T10:00:00Z")), purchase({ at: new Date(8e15) })),
    );
    expect(products[0]?.lastBoughtAt).toEqual(new Date("2024-01-05T10:00:00Z"));
    expect(undated.purchases).toBe(1);
  });
});
