import { type Purchase, summarisePurchases } from "@facekit/core";
import { expect, test } from "vitest";

test("a million records take no more memory than a thousand", async () => {
  async function* many(records: number): AsyncGenerator<Purchase> {
    for (let i = 0; i < records; i++) {
      // As of a page that was just read: strings of their own.
      const at = new Date(1_600_000_000_000 + (i % 1000) * 86_400_000);
      yield { id: `${i}`, product: `product ${i % 100}`, quantity: 1, total: `${i % 50}.99`, currency: "EUR", at };
    }
  }
  await summarisePurchases(many(1000));
  const before = process.memoryUsage().rss;
  let most = before;
  const watch = async function* (): AsyncGenerator<Purchase> {
    for await (const record of many(1_000_000)) {
      if (Number(record.id) % 10_000 === 0) most = Math.max(most, process.memoryUsage().rss);
      yield record;
    }
  };
  const { purchases, totals, products } = await summarisePurchases(watch());
  expect([purchases, totals, products.length]).toEqual([1_000_000, [{ currency: "EUR", total: "25490000.00" }], 100]);
  // The records themselves would be 200 MB.
  expect(most - before).toBeLessThan(100 * 2 ** 20);
});
