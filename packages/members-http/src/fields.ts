import { checkId, isFaceKitError, type Member, type Purchase } from "@facekit/core";
import { type DateFormat, readDate, writeDate } from "./dates.js";
import { exactDecimal } from "./decimal.js";
import { at, putAt, textOf } from "./json.js";
import type { MemberFields, PurchaseFields } from "./options.js";

/** The id at a place, or undefined where what lies there can be none. */
export function idAt(record: unknown, place: string): string | undefined {
  const id = textOf(at(record, place));
  try {
    checkId("id", id);
    return id;
  } catch (error) {
    if (isFaceKitError(error)) return undefined;
    throw error;
  }
}

/** What can be read of a member's record: fields that are missing, or of another type, are left out. */
export function readMember(id: string, record: unknown, fields: MemberFields, dates: DateFormat): Member {
  const read = (place: string | undefined): string | undefined =>
    place === undefined ? undefined : textOf(at(record, place));
  const [name, email, phone] = [read(fields.name), read(fields.email), read(fields.phone)];
  const createdAt = readDate(read(fields.createdAt) ?? "", dates);
  return {
    id,
    ...(name !== undefined && { name }),
    ...(email !== undefined && { email }),
    ...(phone !== undefined && { phone }),
    ...(createdAt !== undefined && { createdAt }),
  };
}

/** The record that `readMember` reads. */
export function writeMember(member: Member, fields: MemberFields, dates: DateFormat): Record<string, unknown> {
  const { createdAt } = member;
  return written(fields, { ...member, createdAt: createdAt && writeDate(createdAt, dates) });
}

/**
 * A purchase. A missing quantity is 1 and a date that cannot be read is left out; but money is never guessed: a total that
 * is none is handed on as it was written, a quantity that is none as NaN, and a currency that is missing as "", so that
 * whoever adds up can tell. `ordinal` names one that has no id.
 */
export function readPurchase(
  record: unknown,
  ordinal: number,
  fields: PurchaseFields,
  currency: string | undefined,
  dates: DateFormat,
): Purchase {
  const id = idAt(record, fields.id) ?? `#${ordinal}`;
  const read = (place: string | undefined): string | undefined =>
    place === undefined ? undefined : textOf(at(record, place));
  const total = read(fields.total) ?? "";
  const date = readDate(read(fields.at) ?? "", dates);
  return {
    id,
    product: read(fields.product) ?? "",
    quantity: Number(exactDecimal(read(fields.quantity) ?? "1") ?? Number.NaN),
    total: exactDecimal(total) ?? total,
    currency: read(fields.currency)?.trim().toUpperCase() || (currency ?? ""),
    ...(date !== undefined && { at: date }),
  };
}

/** The record that `readPurchase` reads. */
export function writePurchase(purchase: Purchase, fields: PurchaseFields, dates: DateFormat): Record<string, unknown> {
  return written(fields, { ...purchase, at: purchase.at && writeDate(purchase.at, dates) });
}

/** How many entries there are, as a place tells; undefined where it tells none. */
export function countAt(answer: unknown, place: string | undefined): number | undefined {
  const count = place === undefined ? undefined : exactDecimal(textOf(at(answer, place)) ?? "");
  return count === undefined ? undefined : Number(count);
}

function written(fields: object, values: object): Record<string, unknown> {
  const record: Record<string, unknown> = {};
  const places = new Map<string, unknown>(Object.entries(fields));
  for (const [name, value] of Object.entries(values)) {
    const place = places.get(name);
    if (value !== undefined && typeof place === "string") putAt(record, place, value);
  }
  return record;
}
