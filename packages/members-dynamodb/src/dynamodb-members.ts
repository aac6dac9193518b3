import { randomUUID } from "node:crypto";
import type { AttributeValue, DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { type AwsConnectionOptions, awsOptionNames } from "@facekit/aws";
import {
  type CallOptions,
  checkId,
  checkKeys,
  checkMember,
  checkPurchase,
  FaceKitError,
  type Member,
  type MemberSource,
  type Purchase,
  specVersion,
  unknownMemberError,
} from "@facekit/core";
import { codeUnits, fromCodeUnits } from "./code-units.js";
import { adapterId, byTime, type Change, type Item, openTable } from "./table.js";

export interface DynamodbMembersOptions extends AwsConnectionOptions<DynamoDBClient> {
  /** The name of the table, or its ARN. Default `"facekit-members"`. */
  readonly table?: string;
  /** Make the table, billed by request, where it is missing. Default false. */
  readonly createTable?: boolean;
}

/** Stands for "no date" in the order of purchases: one more than the greatest time of ECMAScript. */
const noTime = 8_640_000_000_000_001;

/** A member is not told while the deletion, which takes several calls, is under way. */
const isHere = "attribute_exists(pk) AND attribute_not_exists(leaving)";

/**
 * Members in a table of DynamoDB, with their purchases and the ids of their faces.
 *
 * A member is an item, and a purchase is one; no transactions are used. A member's purchases name the `life` of the member:
 * one who was deleted and put again has another. Who is being deleted is marked first, so that a deletion that was broken
 * off is finished by the next `delete`, `put` or `endDeletion`, and is not told meanwhile.
 */
export function dynamodbMembers(options: DynamodbMembersOptions = {}): MemberSource {
  checkKeys("dynamodbMembers", options, ["table", "createTable", ...awsOptionNames]);
  const { table: name = "facekit-members", createTable = false, ...connection } = options;
  if (typeof name !== "string" || !/^[\w.:/-]{3,1024}$/.test(name)) {
    throw invalid(
      `table wants a name of 3 or more of a-z, A-Z, 0-9, "_", "-" and ".", or an ARN; got ${JSON.stringify(name)}.`,
    );
  }
  if (typeof createTable !== "boolean") throw invalid("createTable wants true or false.");
  const table = openTable({ table: name, createTable, ...connection });

  const find = async (key: Item, callOptions: CallOptions | undefined): Promise<Item | undefined> => {
    const item = await table.get(key, callOptions);
    return item?.leaving === undefined ? item : undefined;
  };

  /** Ends a deletion: the purchases first, since the member's item names their partition. */
  const finishLeaving = async (key: Item, item: Item, callOptions: CallOptions | undefined): Promise<void> => {
    const life = lifeOf(item);
    await table.erase(purchasesOf(life), callOptions);
    const condition = "life = :life AND attribute_exists(leaving)";
    await table.deleteIf(key, { condition, values: { ":life": life } }, callOptions);
  };

  /** Sets fields of a member, who is made where there is none. The others, and what `linkFaces` writes, stay. */
  const write = async (
    namespace: string,
    memberId: string,
    fields: NonNullable<Change["set"]>,
    callOptions: CallOptions | undefined,
  ): Promise<void> => {
    const key = keyOf(namespace, memberId);
    const change: Change = {
      set: { id: { S: memberId }, ...fields },
      setNew: { life: { S: randomUUID() } },
      condition: "attribute_not_exists(leaving)",
    };
    while ((await table.update(key, change, callOptions)) === undefined) {
      const leaving = await table.get(key, callOptions);
      if (leaving?.leaving !== undefined) await finishLeaving(key, leaving, callOptions);
    }
  };

  return {
    specVersion,
    id: adapterId,
    capabilities: { writable: true, purchases: true, persistent: true },

    async get(namespace, memberId, callOptions) {
      const item = await find(keyOf(namespace, memberId), callOptions);
      return item && toMember(item);
    },

    async *list(namespace, callOptions) {
      checkId("namespace", namespace);
      const partition = membersOf(namespace);
      for await (const item of table.query(partition, { filter: "attribute_not_exists(leaving)" }, callOptions)) {
        callOptions?.signal?.throwIfAborted();
        yield toMember(item);
      }
    },

    async put(namespace, member, callOptions) {
      checkMember(member);
      await write(namespace, member.id, fieldsOf(member), callOptions);
    },

    async merge(namespace, member, callOptions) {
      checkMember(member);
      const given = Object.entries(fieldsOf(member)).filter(([, value]) => value !== undefined);
      await write(namespace, member.id, Object.fromEntries(given), callOptions);
    },

    async linkFaces(namespace, memberId, faceIds, { mode, ...callOptions }) {
      const key = keyOf(namespace, memberId);
      for (const faceId of faceIds) checkId("faceIds", faceId);
      const faces = faceIds.length > 0 ? { SS: [...new Set(faceIds)] } : undefined;
      let linked: Item | undefined;
      if (mode === "set") linked = await table.update(key, { set: { faceIds: faces }, condition: isHere }, callOptions);
      else if (faces === undefined) linked = await find(key, callOptions);
      // By the service, so that two who add at once lose neither's.
      else linked = await table.update(key, { add: { faceIds: faces }, condition: isHere }, callOptions);
      if (linked === undefined) throw unknownMemberError(adapterId, namespace, memberId);
    },

    async delete(namespace, memberId, callOptions) {
      const key = keyOf(namespace, memberId);
      const gone = { name: undefined, email: undefined, phone: undefined, createdAt: undefined, faceIds: undefined };
      const leaving = await table.update(
        key,
        // Sent again after its answer was lost, it finds the member as leaving.
        { set: { leaving: { BOOL: true }, ...gone }, condition: "attribute_exists(pk)" },
        callOptions,
      );
      if (leaving === undefined) return false;
      await finishLeaving(key, leaving, callOptions);
      return true;
    },

    async endDeletion(namespace, memberId, callOptions) {
      const key = keyOf(namespace, memberId);
      const item = await table.get(key, callOptions);
      if (item?.leaving === undefined) return false;
      await finishLeaving(key, item, callOptions);
      return true;
    },

    async *purchases(namespace, memberId, callOptions) {
      const member = await find(keyOf(namespace, memberId), callOptions);
      if (member === undefined) return;
      for await (const item of table.query(purchasesOf(lifeOf(member)), { index: byTime }, callOptions)) {
        callOptions?.signal?.throwIfAborted();
        yield toPurchase(item);
      }
    },

    async addPurchase(namespace, memberId, purchase, callOptions) {
      const key = keyOf(namespace, memberId);
      checkPurchase(purchase);
      const { id, product, quantity, total, currency, at } = purchase;
      const member = await find(key, callOptions);
      if (member === undefined) throw unknownMemberError(adapterId, namespace, memberId);
      const life = lifeOf(member);
      await table.putNew(
        {
          pk: purchasesOf(life),
          sk: { B: codeUnits(id) },
          id: { S: id },
          product: { S: product },
          quantity: { N: String(quantity) },
          total: { S: total },
          currency: { S: currency },
          time: { N: String(at?.getTime() ?? noTime) },
        },
        callOptions,
      );
      // The member may have been deleted meanwhile, and the purchases with it, but for this one.
      const now = await find(key, callOptions);
      if (now?.life?.S === life.S) return;
      await table.erase(purchasesOf(life), callOptions);
      throw unknownMemberError(adapterId, namespace, memberId);
    },

    async [Symbol.asyncDispose]() {
      await table.close();
    },
  };
}

function keyOf(namespace: string, memberId: string): Item {
  checkId("namespace", namespace);
  checkId("memberId", memberId);
  return { pk: membersOf(namespace), sk: { B: codeUnits(memberId) } };
}

function membersOf(namespace: string): AttributeValue {
  return { S: `members/${namespace}` };
}

function purchasesOf(life: AttributeValue.SMember): AttributeValue {
  return { S: `purchases/${life.S}` };
}

/** What is kept of a member; undefined where it is not given. */
function fieldsOf({ name, email, phone, createdAt }: Member): NonNullable<Change["set"]> {
  return { name: text(name), email: text(email), phone: text(phone), createdAt: text(createdAt?.toISOString()) };
}

function text(value: string | undefined): AttributeValue | undefined {
  return value === undefined ? undefined : { S: value };
}

function lifeOf(item: Item): AttributeValue.SMember {
  return { S: textAt(item, "life") };
}

function toMember(item: Item): Member {
  const { name, email, phone, createdAt, faceIds } = item;
  const date = createdAt?.S === undefined ? undefined : new Date(createdAt.S);
  return {
    id: idAt(item),
    ...(name?.S !== undefined && { name: name.S }),
    ...(email?.S !== undefined && { email: email.S }),
    ...(phone?.S !== undefined && { phone: phone.S }),
    ...(date !== undefined && !Number.isNaN(date.getTime()) && { createdAt: date }),
    ...(faceIds?.SS !== undefined && { faceIds: [...faceIds.SS].sort() }),
  };
}

function toPurchase(item: Item): Purchase {
  const time = Number(item.time?.N);
  const quantity = Number(item.quantity?.N);
  if (!Number.isFinite(quantity)) throw damaged("quantity");
  return {
    id: idAt(item),
    product: textAt(item, "product"),
    quantity,
    total: textAt(item, "total"),
    currency: textAt(item, "currency"),
    ...(Number.isFinite(time) && time !== noTime && { at: new Date(time) }),
  };
}

function idAt({ sk }: Item): string {
  if (sk?.B === undefined) throw damaged("sk");
  return fromCodeUnits(sk.B);
}

function textAt(item: Item, attribute: string): string {
  const value = item[attribute]?.S;
  if (value === undefined) throw damaged(attribute);
  return value;
}

function damaged(attribute: string): FaceKitError {
  return new FaceKitError("store-corrupt", `An item of the table lacks "${attribute}": Facekit did not write it.`, {
    adapter: adapterId,
  });
}

function invalid(message: string): FaceKitError {
  return new FaceKitError("invalid-argument", message, { adapter: adapterId });
}
