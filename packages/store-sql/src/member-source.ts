import {
  checkId,
  checkMember,
  checkPurchase,
  type Member,
  type MemberSource,
  orderedText,
  type Purchase,
  paged,
  specVersion,
  unknownMemberError,
} from "@facekit/core";
import type { Row } from "./database.js";
import { adapterId } from "./failures.js";
import type { Handle } from "./sqlite-connection.js";
import { dateAt, fromDate, idAt, numberAt, optionalAt, textAt } from "./values.js";

const pageSize = 1024;

/** Stands for "no date" in the order of purchases, as in the index `purchases_by_time`. */
const noDate = 8_640_000_000_000_001;

/** The members of a store. They and the templates are deleted apart. */
export function sqliteMemberSource(handle: Handle): MemberSource {
  return {
    specVersion,
    id: adapterId,
    capabilities: { writable: true, purchases: true, persistent: true },

    async get(namespace, memberId, options) {
      return handle.read((sql) => {
        const [row] = sql.rows(
          "SELECT id, name, email, phone, created_at FROM members WHERE namespace = ? AND id = ?",
          orderedText(namespace),
          orderedText(memberId),
        );
        return row === undefined ? undefined : toMember(row);
      }, options);
    },

    async *list(namespace, options) {
      yield* paged<Member>(
        pageSize,
        (after) =>
          handle.read(
            (sql) =>
              sql
                .rows(
                  `SELECT id, name, email, phone, created_at FROM members
                   WHERE namespace = ? AND id > ? ORDER BY id LIMIT ${pageSize}`,
                  orderedText(namespace),
                  orderedText(after?.id ?? ""),
                )
                .map(toMember),
            options,
          ),
        options,
      );
    },

    async put(namespace, member, options) {
      checkId("namespace", namespace);
      checkMember(member);
      const values = [
        orderedText(namespace),
        orderedText(member.id),
        member.name ?? null,
        member.email ?? null,
        member.phone ?? null,
        fromDate(member.createdAt),
      ];
      await handle.write(
        (sql) =>
          // An update, not a replacement: that would delete the purchases.
          sql.run(
            `INSERT INTO members (namespace, id, name, email, phone, created_at) VALUES (?, ?, ?, ?, ?, ?)
             ON CONFLICT (namespace, id) DO UPDATE SET
               name = excluded.name, email = excluded.email, phone = excluded.phone, created_at = excluded.created_at`,
            ...values,
          ),
        options,
      );
    },

    async delete(namespace, memberId, options) {
      const deleted = await handle.erase(
        (sql) =>
          sql.run("DELETE FROM members WHERE namespace = ? AND id = ?", orderedText(namespace), orderedText(memberId)),
        options,
      );
      return deleted > 0;
    },

    async *purchases(namespace, memberId, options) {
      yield* paged<Purchase>(
        pageSize,
        (after) =>
          handle.read(
            (sql) =>
              sql
                .rows(
                  `SELECT id, product, quantity, total, currency, at FROM purchases
                   WHERE namespace = ? AND member_id = ? AND (coalesce(at, ${noDate}), id) > (?, ?)
                   ORDER BY coalesce(at, ${noDate}), id LIMIT ${pageSize}`,
                  orderedText(namespace),
                  orderedText(memberId),
                  after === undefined ? -noDate : (after.at?.getTime() ?? noDate),
                  orderedText(after?.id ?? ""),
                )
                .map(toPurchase),
            options,
          ),
        options,
      );
    },

    async addPurchase(namespace, memberId, purchase, options) {
      checkPurchase(purchase);
      const member = [orderedText(namespace), orderedText(memberId)];
      const values = [
        orderedText(purchase.id),
        purchase.product,
        purchase.quantity,
        purchase.total,
        purchase.currency,
        fromDate(purchase.at),
      ];
      await handle.write((sql) => {
        if (sql.rows("SELECT 1 FROM members WHERE namespace = ? AND id = ?", ...member).length === 0) {
          throw unknownMemberError(adapterId, namespace, memberId);
        }
        sql.run(
          `INSERT INTO purchases (namespace, member_id, id, product, quantity, total, currency, at)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
          ...member,
          ...values,
        );
      }, options);
    },

    async [Symbol.asyncDispose]() {
      handle.release();
    },
  };
}

function toMember(row: Row): Member {
  return {
    id: idAt(row, 0),
    ...optionalAt("name", row, 1, textAt),
    ...optionalAt("email", row, 2, textAt),
    ...optionalAt("phone", row, 3, textAt),
    ...optionalAt("createdAt", row, 4, dateAt),
  };
}

function toPurchase(row: Row): Purchase {
  return {
    id: idAt(row, 0),
    product: textAt(row, 1),
    quantity: numberAt(row, 2),
    total: textAt(row, 3),
    currency: textAt(row, 4),
    ...optionalAt("at", row, 5, dateAt),
  };
}
