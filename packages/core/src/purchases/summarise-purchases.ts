import { checkKeys, checkNumber } from "../checks.js";
import type { CallOptions } from "../spec/adapter.js";
import type { Purchase } from "../spec/member-source.js";
import { type Decimal, decimalOf, decimalText, parseDecimal, plus, zero } from "./decimal.js";
import { monthIn } from "./month.js";

export interface SummaryOptions {
  /** The IANA zone in which months begin. Default `"UTC"`. */
  readonly timeZone?: string;
  /** How many products are kept by name: the first that are met. Others are counted together. Default 10,000. */
  readonly maxProducts?: number;
}

export const summaryOptionNames = ["timeZone", "maxProducts"] as const;

/** What came of one product. */
export interface ProductSummary {
  readonly product: string;
  /** All quantities added up, returns subtracted: below 0 where more came back than was bought. */
  readonly quantity: number;
  /** Records with a quantity above 0. */
  readonly timesBought: number;
  /** Records with a quantity below 0. */
  readonly timesReturned: number;
  /** Of the last record with a quantity above 0 and a date; absent where there is none. */
  readonly lastBoughtAt?: Date;
}

/** A sum of money as an exact decimal string, with as many digits behind the point as the most exact of its parts. */
export interface CurrencyTotal {
  readonly currency: string;
  readonly total: string;
}

export interface MonthlySpending {
  /** Of the calendar of the summary's zone, such as `"2024-02"`. */
  readonly month: string;
  readonly totals: readonly CurrencyTotal[];
}

/** A value that could not be counted. The record's other values were. */
export interface MalformedValue {
  readonly purchaseId: string;
  readonly field: "quantity" | "total" | "currency" | "at";
  /** As text, cut after 40 characters. */
  readonly value: string;
}

export interface PurchaseSummary {
  /** How many records there were. */
  readonly purchases: number;
  /** How many of them had a quantity below 0. */
  readonly returns: number;
  /** Most often bought first, then by name in code units. */
  readonly products: readonly ProductSummary[];
  /** Records of products beyond `maxProducts`. They are in all totals. */
  readonly purchasesOfOtherProducts: number;
  /** Of all records with a total and a currency, by currency in code units. Returns are subtracted as their totals say. */
  readonly totals: readonly CurrencyTotal[];
  /** Oldest month first. Records without a date are in none. */
  readonly months: readonly MonthlySpending[];
  /** Records without a usable date, and what they came to: `totals` less all months. */
  readonly undated: { readonly purchases: number; readonly totals: readonly CurrencyTotal[] };
  /** What could not be counted: how many values, and the first 20 of them. */
  readonly malformed: { readonly values: number; readonly examples: readonly MalformedValue[] };
}

/**
 * Adds up purchases as they come: memory grows with the number of products (up to `maxProducts`), months and currencies
 * (up to 1,000), and not with that of records. Money and quantities are added exactly, in decimal.
 *
 * What is malformed (a total such as `"12,90"`, a quantity that is no number, no currency or more than 1,000) is counted and named, not thrown; a
 * record with a malformed date counts as one without a date. Rejects with what the source rejects with.
 */
export async function summarisePurchases(
  purchases: AsyncIterable<Purchase>,
  options: SummaryOptions & CallOptions = {},
): Promise<PurchaseSummary> {
  checkKeys("summarisePurchases", options, [...summaryOptionNames, "signal"]);
  const tally = new PurchaseTally(options);
  options.signal?.throwIfAborted();
  for await (const purchase of purchases) {
    options.signal?.throwIfAborted();
    tally.add(purchase);
  }
  return tally.summary();
}

interface ProductTally {
  quantity: Decimal;
  timesBought: number;
  timesReturned: number;
  lastBoughtAt: number | undefined;
}

type Totals = Map<string, Decimal>;

/** More currencies than there are (ISO 4217 has some 180): beyond them, a source puts something else there. */
const maxCurrencies = 1000;
/** Named in a summary, so that a source that is wrong throughout does not fill it. */
const maxExamples = 20;

/** Purchases that were added up so far. */
export class PurchaseTally {
  readonly #monthOf: (at: Date) => string | undefined;
  readonly #maxProducts: number;
  readonly #products = new Map<string, ProductTally>();
  readonly #totals: Totals = new Map();
  readonly #months = new Map<string, Totals>();
  readonly #undated: Totals = new Map();
  readonly #examples: MalformedValue[] = [];
  #purchases = 0;
  #returns = 0;
  #ofOtherProducts = 0;
  #withoutDate = 0;
  #malformed = 0;

  /** Throws `invalid-argument`. */
  constructor({ timeZone = "UTC", maxProducts = 10_000 }: SummaryOptions) {
    this.#monthOf = monthIn(timeZone);
    checkNumber("maxProducts", maxProducts, { min: 0, max: 1e6, integer: true });
    this.#maxProducts = maxProducts;
  }

  add(purchase: Purchase): void {
    this.#purchases++;
    const { quantity } = purchase;
    if (!Number.isFinite(quantity)) this.#name(purchase, "quantity");
    if (quantity < 0) this.#returns++;
    const month = this.#month(purchase);
    this.#addToProduct(purchase, month === undefined ? undefined : purchase.at);
    if (month === undefined) this.#withoutDate++;
    const total = parseDecimal(purchase.total);
    if (total === undefined) {
      this.#name(purchase, "total");
      return;
    }
    if (!this.#totals.has(purchase.currency) && (!purchase.currency || this.#totals.size >= maxCurrencies)) {
      this.#name(purchase, "currency");
      return;
    }
    addTo(this.#totals, purchase.currency, total);
    addTo(month === undefined ? this.#undated : this.#totalsOf(month), purchase.currency, total);
  }

  summary(): PurchaseSummary {
    const products = [...this.#products].map(([product, { quantity, lastBoughtAt, ...times }]): ProductSummary => {
      return {
        product,
        quantity: Number(decimalText(quantity)),
        ...times,
        ...(lastBoughtAt === undefined ? {} : { lastBoughtAt: new Date(lastBoughtAt) }),
      };
    });
    return {
      purchases: this.#purchases,
      returns: this.#returns,
      products: products.sort((a, b) => b.timesBought - a.timesBought || (a.product < b.product ? -1 : 1)),
      purchasesOfOtherProducts: this.#ofOtherProducts,
      totals: listed(this.#totals),
      months: [...this.#months]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([month, t]) => ({ month, totals: listed(t) })),
      undated: { purchases: this.#withoutDate, totals: listed(this.#undated) },
      malformed: { values: this.#malformed, examples: [...this.#examples] },
    };
  }

  #totalsOf(month: string): Totals {
    const totals = this.#months.get(month) ?? new Map();
    this.#months.set(month, totals);
    return totals;
  }

  #month(purchase: Purchase): string | undefined {
    const { at } = purchase;
    // Sources that are not typed may give `null`.
    if (at === undefined || at === null) return undefined;
    const month = at instanceof Date ? this.#monthOf(at) : undefined;
    if (month === undefined) this.#name(purchase, "at");
    return month;
  }

  #addToProduct({ product, quantity }: Purchase, at: Date | undefined): void {
    let tally = this.#products.get(product);
    if (tally === undefined) {
      if (this.#products.size >= this.#maxProducts) {
        this.#ofOtherProducts++;
        return;
      }
      tally = { quantity: zero, timesBought: 0, timesReturned: 0, lastBoughtAt: undefined };
      this.#products.set(product, tally);
    }
    if (!Number.isFinite(quantity)) return;
    tally.quantity = plus(tally.quantity, decimalOf(quantity));
    if (quantity < 0) tally.timesReturned++;
    if (quantity <= 0) return;
    tally.timesBought++;
    const time = at?.getTime() ?? Number.NEGATIVE_INFINITY;
    if (time > (tally.lastBoughtAt ?? Number.NEGATIVE_INFINITY)) tally.lastBoughtAt = time;
  }

  #name(purchase: Purchase, field: MalformedValue["field"]): void {
    this.#malformed++;
    if (this.#examples.length >= maxExamples) return;
    const value = String(purchase[field]).slice(0, 40);
    this.#examples.push({ purchaseId: purchase.id, field, value });
  }
}

function addTo(totals: Totals, currency: string, total: Decimal): void {
  totals.set(currency, plus(totals.get(currency) ?? zero, total));
}

function listed(totals: Totals): CurrencyTotal[] {
  return [...totals]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([currency, total]) => ({ currency, total: decimalText(total) }));
}
