import { randomUUID } from "node:crypto";
import {
  type CallOptions,
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
import type { Fields, Handle, Server } from "./connection.js";
import { adapterId, isDuplicate, unlessThere } from "./failures.js";
import { dateAt, given, idAt, numberAt, optionalAt, textAt } from "./fields.js";

const pageSize = 1024;

/** Stands for "no date" in the order of purchases: the greatest date of ECMAScript. Such a purchase has no `at`. */
const noDate = new Date(8_640_000_000_000_000);

/**
 * The members of a store. They and the templates are deleted apart.
 *
 * A member's purchases name the `life` of the member: one that was deleted and put again has another. A member who is
 * being deleted is marked first, so that a deletion that was broken off is finished by the next call.
 */
export function mongodbMemberSource(handle: Handle): MemberSource {
  let indexed = false;

  const run = <T>(work: (server: Server) => Promise<T>, options: Parameters<Handle["run"]>[1]): Promise<T> =>
    handle.run(async (server) => {
      if (!indexed) await createIndexes(server);
      indexed = true;
      return work(server);
    }, options);

  /** Sets the fields that are given of a member, who is made where there is none. Of the others it empties those named. */
  const write = async (
    namespace: string,
    member: Member,
    emptied: readonly string[],
    options: CallOptions | undefined,
  ): Promise<void> => {
    checkId("namespace", namespace);
    checkMember(member);
    const { id, name, email, phone, createdAt } = member;
    const key = { namespace: orderedText(namespace), id: orderedText(id) };
    const values = given({ name, email, phone, createdAt });
    const missing = emptied.filter((field) => values[field] === undefined);
    await run(async (server) => {
      for (;;) {
        try {
          await members(server).updateOne(
            { ...key, leaving: false },
            {
              ...(Object.keys(values).length > 0 && { $set: values }),
              ...(missing.length > 0 && { $unset: Object.fromEntries(missing.map((field) => [field, ""])) }),
              $setOnInsert: { life: randomUUID() },
            },
            { upsert: true },
          );
          return;
        } catch (error) {
          if (!isDuplicate(error)) throw error;
        }
        // Somebody put the member at the same time, or the member is being deleted.
        await finishLeaving(server, key);
      }
    }, options);
  };

  return {
    specVersion,
    id: adapterId,
    capabilities: { writable: true, purchases: true, persistent: true },

    async get(namespace, memberId, options) {
      checkId("namespace", namespace);
      checkId("memberId", memberId);
      const found = await run((server) => find(server, namespace, memberId), options);
      return found === undefined ? undefined : toMember(found);
    },

    async *list(namespace, options) {
      checkId("namespace", namespace);
      yield* paged<Member>(
        pageSize,
        (after) =>
          run(async (server) => {
            const filter = { namespace: orderedText(namespace), leaving: false };
            const found = members(server)
              .find(after === undefined ? filter : { ...filter, id: { $gt: orderedText(after.id) } })
              .sort({ id: 1 })
              .limit(pageSize);
            return (await found.toArray()).map(toMember);
          }, options),
        options,
      );
    },

    put: (namespace, member, options) => write(namespace, member, ["name", "email", "phone", "createdAt"], options),

    merge: (namespace, member, options) => write(namespace, member, [], options),

    async delete(namespace, memberId, options) {
      checkId("namespace", namespace);
      checkId("memberId", memberId);
      const key = { namespace: orderedText(namespace), id: orderedText(memberId) };
      let deleted = false;
      await run(async (server) => {
        const { matchedCount } = await members(server).updateOne(
          { ...key, leaving: false },
          { $set: { leaving: true }, $unset: { name: "", email: "", phone: "", createdAt: "" } },
        );
        // One whose answer was lost is found as leaving.
        const left = await finishLeaving(server, key);
        deleted ||= matchedCount > 0 || left;
      }, options);
      return deleted;
    },

    async endDeletion(namespace, memberId, options) {
      checkId("namespace", namespace);
      checkId("memberId", memberId);
      const key = { namespace: orderedText(namespace), id: orderedText(memberId) };
      let ended = false;
      await run(async (server) => {
        const left = await finishLeaving(server, key);
        ended ||= left;
      }, options);
      return ended;
    },

    async *purchases(namespace, memberId, options) {
      checkId("namespace", namespace);
      checkId("memberId", memberId);
      const member = await run((server) => find(server, namespace, memberId), options);
      if (member === undefined) return;
      const life = textAt(member, "life");
      yield* paged<Purchase>(
        pageSize,
        (after) =>
          run(async (server) => {
            const at = after?.at ?? noDate;
            const dated = after === undefined || after.at !== undefined;
            const id = { $gt: orderedText(after?.id ?? "") };
            const behind = dated
              ? { $or: [{ sortAt: { $gt: at } }, { sortAt: at, dated: false }, { sortAt: at, dated: true, id }] }
              : { sortAt: at, dated: false, id };
            const found = purchases(server)
              .find({ life, ...(after !== undefined && behind) })
              .sort({ sortAt: 1, dated: -1, id: 1 })
              .limit(pageSize);
            return (await found.toArray()).map(toPurchase);
          }, options),
        options,
      );
    },

    async addPurchase(namespace, memberId, purchase, options) {
      checkId("namespace", namespace);
      checkId("memberId", memberId);
      checkPurchase(purchase);
      const { product, quantity, total, currency, at } = purchase;
      await run(async (server) => {
        const member = await find(server, namespace, memberId);
        if (member === undefined) throw unknownMemberError(adapterId, namespace, memberId);
        const life = textAt(member, "life");
        const id = orderedText(purchase.id);
        const dated = at !== undefined;
        const document = {
          _id: randomUUID(),
          life,
          id,
          product,
          quantity,
          total,
          currency,
          sortAt: at ?? noDate,
          dated,
        };
        await unlessThere(purchases(server).insertOne(document));
        // The member may have been deleted meanwhile, and the purchases with it, but for this one.
        if ((await find(server, namespace, memberId))?.life === life) return;
        await purchases(server).deleteMany({ life });
        throw unknownMemberError(adapterId, namespace, memberId);
      }, options);
    },

    async [Symbol.asyncDispose]() {
      await handle.release();
    },
  };
}

const members = (server: Server): ReturnType<Server["collection"]> => server.collection("members");
const purchases = (server: Server): ReturnType<Server["collection"]> => server.collection("purchases");

async function createIndexes(server: Server): Promise<void> {
  await server.index("members", [{ key: { namespace: 1, id: 1 }, name: "by_id", unique: true }]);
  await server.index("purchases", [
    { key: { life: 1, id: 1 }, name: "by_id", unique: true },
    { key: { life: 1, sortAt: 1, dated: -1, id: 1 }, name: "by_time" },
  ]);
}

async function find(server: Server, namespace: string, memberId: string): Promise<Fields | undefined> {
  const key = { namespace: orderedText(namespace), id: orderedText(memberId), leaving: false };
  return (await members(server).findOne(key)) ?? undefined;
}

/** Ends the deletion of a member, where one was begun, and tells whether it was: the purchases first, for they name the member's life. */
async function finishLeaving(server: Server, key: Fields): Promise<boolean> {
  const leaving = await members(server).findOne({ ...key, leaving: true });
  if (leaving === null) return false;
  const life = textAt(leaving, "life");
  await purchases(server).deleteMany({ life });
  await members(server).deleteOne({ ...key, life, leaving: true });
  return true;
}

function toMember(document: Fields): Member {
  return {
    id: idAt(document, "id"),
    ...optionalAt("name", document, textAt),
    ...optionalAt("email", document, textAt),
    ...optionalAt("phone", document, textAt),
    ...optionalAt("createdAt", document, dateAt),
  };
}

function toPurchase(document: Fields): Purchase {
  return {
    id: idAt(document, "id"),
    product: textAt(document, "product"),
    quantity: numberAt(document, "quantity"),
    total: textAt(document, "total"),
    currency: textAt(document, "currency"),
    ...(document.dated === true && { at: dateAt(document, "sortAt") }),
  };
}
