import {
  checkId,
  checkMember,
  checkPurchase,
  type Member,
  type MemberSource,
  type Purchase,
  paged,
  specVersion,
  unknownMemberError,
} from "@facekit/core";
import { type CompiledQuery, type InsertResult, type Kysely, type Selectable, sql } from "kysely";
import type { StoreDialect } from "./dialect.js";
import { adapterId } from "./failures.js";
import { changesOf, type Parameter, prepared } from "./prepared.js";
import type { StoreHandle } from "./store-handle.js";
import type { StoredId, Tables } from "./tables.js";
import { dateOf, fromDate, idOf, numberOf, optional, textOf } from "./values.js";

const pageSize = 1024;

/** Stands for "no date" in the order of purchases: the greatest date of ECMAScript, plus one. */
const noDate = 8_640_000_000_000_001;

/** The members of a store. They and the templates are deleted apart. */
export function sqlMemberSource(handle: StoreHandle, dialect: StoreDialect): MemberSource {
  const { toStored } = dialect;
  const queries = memberQueries(handle.builder, dialect);

  const rowOf = (namespace: string, member: Member): MemberRow => {
    checkId("namespace", namespace);
    checkMember(member);
    return {
      namespace: toStored(namespace),
      id: toStored(member.id),
      name: member.name ?? null,
      email: member.email ?? null,
      phone: member.phone ?? null,
      created_at: fromDate(member.createdAt),
    };
  };

  return {
    specVersion,
    id: adapterId,
    capabilities: { writable: true, purchases: true, persistent: true },

    async get(namespace, memberId, options) {
      const key = { namespace: toStored(namespace), id: toStored(memberId) };
      return handle.read(async (db) => {
        const { rows } = await db.executeQuery(queries.member(key));
        return rows[0] && toMember(rows[0]);
      }, options);
    },

    async *list(namespace, options) {
      yield* paged<Member>(
        pageSize,
        (after) =>
          handle.read(async (db) => {
            const place = { namespace: toStored(namespace), id: toStored(after?.id ?? "") };
            const { rows } = await db.executeQuery(queries.list(place));
            return rows.map(toMember);
          }, options),
        options,
      );
    },

    async put(namespace, member, options) {
      const query = queries.put(rowOf(namespace, member), fields);
      await handle.write((db) => db.executeQuery(query), { ...options, idempotent: true });
    },

    async merge(namespace, member, options) {
      const row = rowOf(namespace, member);
      const given = fields.filter((field) => row[field] !== null);
      const query = queries.put(row, given);
      await handle.write((db) => db.executeQuery(query), { ...options, idempotent: true });
    },

    async delete(namespace, memberId, options) {
      const key = { namespace: toStored(namespace), id: toStored(memberId) };
      return changesOf(await handle.erase((db) => db.executeQuery(queries.delete(key)), options)) > 0;
    },

    async *purchases(namespace, memberId, options) {
      yield* paged<Purchase>(
        pageSize,
        (after) =>
          handle.read(async (db) => {
            const place = {
              namespace: toStored(namespace),
              member_id: toStored(memberId),
              at: after === undefined ? -noDate : (after.at?.getTime() ?? noDate),
              id: toStored(after?.id ?? ""),
            };
            const { rows } = await db.executeQuery(queries.purchases(place));
            return rows.map(toPurchase);
          }, options),
        options,
      );
    },

    async addPurchase(namespace, memberId, purchase, options) {
      checkPurchase(purchase);
      const member = { namespace: toStored(namespace), id: toStored(memberId) };
      const values = {
        namespace: member.namespace,
        member_id: member.id,
        id: toStored(purchase.id),
        product: purchase.product,
        quantity: purchase.quantity,
        total: purchase.total,
        currency: purchase.currency,
        at: fromDate(purchase.at),
      };
      const write = { ...options, idempotent: true };
      await handle.write(async (db) => {
        const { rows } = await db.executeQuery(queries.lockMember(member));
        if (rows.length === 0) throw unknownMemberError(adapterId, namespace, memberId);
        await db.executeQuery(queries.addPurchase(values));
      }, write);
    },

    async [Symbol.asyncDispose]() {
      await handle.release();
    },
  };
}

interface MemberKey {
  readonly namespace: StoredId;
  readonly id: StoredId;
}

interface PurchasePlace extends MemberKey {
  readonly member_id: StoredId;
  readonly at: number;
}

const fields = ["name", "email", "phone", "created_at"] as const;
type Field = (typeof fields)[number];

type MemberRow = Selectable<Tables["members"]>;
type PurchaseRow = Selectable<Tables["purchases"]>;

/** Compiled once for each store. */
function memberQueries(db: Kysely<Tables>, dialect: StoreDialect) {
  const limit = sql.lit(pageSize);
  const members = db.selectFrom("members").select(["id", ...fields]);
  const found = (p: Parameter<MemberKey>) => members.where("namespace", "=", p("namespace")).where("id", "=", p("id"));
  const putting = (replaced: readonly Field[]) =>
    prepared((p: Parameter<MemberRow>) => {
      const insert = db.insertInto("members").values({
        namespace: p("namespace"),
        id: p("id"),
        name: p("name"),
        email: p("email"),
        phone: p("phone"),
        created_at: p("created_at"),
      });
      // Not a replacement of the row, which would delete the purchases.
      if (replaced.length > 0) return insert.modifyEnd(dialect.replacing(["namespace", "id"], replaced));
      return dialect.unlessThere(insert);
    });
  const puts = new Map<string, ReturnType<typeof putting>>();
  /** Makes the member, or replaces these fields. */
  const put = (row: MemberRow, replaced: readonly Field[]): CompiledQuery<InsertResult> => {
    const query = puts.get(replaced.join()) ?? putting(replaced);
    puts.set(replaced.join(), query);
    return query(row);
  };
  const time = sql<number>`coalesce(${sql.ref("at")}, ${sql.lit(noDate)})`;
  return {
    member: prepared(found),
    /** The member stays until the purchase is written. */
    lockMember: prepared((p: Parameter<MemberKey>) => (dialect.locks ? found(p).forUpdate() : found(p))),
    list: prepared((p: Parameter<MemberKey>) =>
      members.where("namespace", "=", p("namespace")).where("id", ">", p("id")).orderBy("id").limit(limit),
    ),
    put,
    delete: prepared((p: Parameter<MemberKey>) =>
      db.deleteFrom("members").where("namespace", "=", p("namespace")).where("id", "=", p("id")),
    ),
    purchases: prepared((p: Parameter<PurchasePlace>) =>
      db
        .selectFrom("purchases")
        .select(["id", "product", "quantity", "total", "currency", "at"])
        .where("namespace", "=", p("namespace"))
        .where("member_id", "=", p("member_id"))
        .where(dialect.after([time, sql.ref("id")], [p("at"), p("id")]))
        .orderBy(time)
        .orderBy("id")
        .limit(limit),
    ),
    addPurchase: prepared((p: Parameter<PurchaseRow>) =>
      dialect.unlessThere(
        db.insertInto("purchases").values({
          namespace: p("namespace"),
          member_id: p("member_id"),
          id: p("id"),
          product: p("product"),
          quantity: p("quantity"),
          total: p("total"),
          currency: p("currency"),
          at: p("at"),
        }),
      ),
    ),
  };
}

function toMember(row: Omit<MemberRow, "namespace">): Member {
  return {
    id: idOf(row.id),
    ...optional("name", row.name, textOf),
    ...optional("email", row.email, textOf),
    ...optional("phone", row.phone, textOf),
    ...optional("createdAt", row.created_at, dateOf),
  };
}

function toPurchase(row: Omit<PurchaseRow, "namespace" | "member_id">): Purchase {
  return {
    id: idOf(row.id),
    product: textOf(row.product),
    quantity: numberOf(row.quantity),
    total: textOf(row.total),
    currency: textOf(row.currency),
    ...optional("at", row.at, dateOf),
  };
}
