import type { AttributeValue, CreateTableCommandInput, DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { type AwsConnectionOptions, type AwsService, awsService, withoutBodies } from "@facekit/aws";
import { type CallOptions, FaceKitError, type FaceKitErrorCode, isFaceKitError } from "@facekit/core";

export const adapterId = "members-dynamodb";

export type Item = Record<string, AttributeValue>;
type Sdk = typeof import("@aws-sdk/client-dynamodb");

/** Purchases of a member by time. Other items have no `time`, and are not in it. */
export const byTime = "by-time";

/** Most that `BatchWriteItem` takes. */
const batchSize = 25;

export interface TableOptions extends AwsConnectionOptions<DynamoDBClient> {
  readonly table: string;
  readonly createTable: boolean;
}

/** One table of DynamoDB, by the calls that are made of it. All of them may be repeated. */
export interface Table {
  get(key: Item, options: CallOptions | undefined): Promise<Item | undefined>;
  /** Changes an item, or makes it; gives it as it is then. Undefined where the condition does not hold. */
  update(key: Item, change: Change, options: CallOptions | undefined): Promise<Item | undefined>;
  /** Puts an item unless there is one of its key. */
  putNew(item: Item, options: CallOptions | undefined): Promise<void>;
  /** Deletes an item if the condition holds. */
  deleteIf(key: Item, condition: Condition, options: CallOptions | undefined): Promise<void>;
  /** The items of a partition, in the order of the sort key or of the index. Holds one page, of a megabyte at most. */
  query(partition: AttributeValue, question: Query, options: CallOptions | undefined): AsyncIterable<Item>;
  /** Deletes all items of a partition. */
  erase(partition: AttributeValue, options: CallOptions | undefined): Promise<void>;
  close(): Promise<void>;
}

export interface Condition {
  /** Attributes go by `#name`, values by `:name`. */
  readonly condition: string;
  readonly values?: Item;
}

export interface Change extends Condition {
  /** What the attributes are set to; those that are undefined are removed. */
  readonly set?: Readonly<Record<string, AttributeValue | undefined>>;
  /** What they are set to unless they are there. */
  readonly setNew?: Item;
  /** What is added to sets. */
  readonly add?: Item;
}

export interface Query {
  readonly index?: typeof byTime;
  readonly filter?: string;
}

export function openTable({ table: TableName, createTable, ...connection }: TableOptions): Table {
  const service: AwsService<Sdk, DynamoDBClient> = awsService<Sdk, DynamoDBClient>({
    adapter: adapterId,
    prefix: "dynamodb",
    client: "@aws-sdk/client-dynamodb",
    load: () => import("@aws-sdk/client-dynamodb"),
    create: (sdk, configuration) => new sdk.DynamoDBClient(configuration),
    options: connection,
    explain({ name, message, error }) {
      const fail = (code: FaceKitErrorCode, text: string): FaceKitError =>
        new FaceKitError(code, text, { adapter: adapterId, cause: withoutBodies(error) });
      if (name === "ConditionalCheckFailedException")
        return fail("conflict", "The condition of the write does not hold.");
      if (name === "ResourceInUseException") return fail("conflict", `The table "${TableName}" is there already.`);
      if (name === "ResourceNotFoundException") {
        return fail("namespace-not-found", `There is no table "${TableName}". Give createTable: true, or make it.`);
      }
      if (name === "ItemCollectionSizeLimitExceededException") {
        return fail(
          "quota-exceeded",
          `A namespace, or a member's purchases, reached DynamoDB's limit of 10 GB: ${message}`,
        );
      }
      return undefined;
    },
  });
  let made: Promise<void> | undefined;

  const make = async (): Promise<void> => {
    const isThere = await service
      .call("DescribeTable", (client, sdk, call) => client.send(new sdk.DescribeTableCommand({ TableName }), call))
      .then(
        () => true,
        (error: unknown) => {
          if (isFaceKitError(error, "namespace-not-found")) return false;
          throw error;
        },
      );
    if (!isThere) {
      await service
        .call("CreateTable", (client, sdk, call) =>
          client.send(new sdk.CreateTableCommand(definition(TableName)), call),
        )
        // Another process makes it as well.
        .catch((error: unknown) => {
          if (!isFaceKitError(error, "conflict")) throw error;
        });
    }
    await service.call("DescribeTable", async (client, sdk, call) => {
      const { Table: found } = await client.send(new sdk.DescribeTableCommand({ TableName }), call);
      if (found?.TableStatus === "ACTIVE" || found?.TableStatus === "UPDATING") return;
      throw new FaceKitError("service-unavailable", `The table "${TableName}" is still being made.`, {
        adapter: adapterId,
        retryable: true,
      });
    });
  };

  const call: typeof service.call = async (operation, send, options) => {
    options?.signal?.throwIfAborted();
    if (createTable) {
      made ??= make().catch((error: unknown) => {
        made = undefined;
        throw error;
      });
      await made;
    }
    return service.call(operation, send, options);
  };

  async function* query(
    partition: AttributeValue,
    { index, filter }: Query,
    options: CallOptions | undefined,
    names: readonly string[] = [],
  ): AsyncGenerator<Item[]> {
    let from: Item | undefined;
    do {
      const start = from;
      const page = await call(
        "Query",
        (client, sdk, abort) =>
          client.send(
            new sdk.QueryCommand({
              TableName,
              ConsistentRead: true,
              KeyConditionExpression: "pk = :pk",
              ExpressionAttributeValues: { ":pk": partition },
              ...(index !== undefined && { IndexName: index }),
              ...(filter !== undefined && { FilterExpression: filter }),
              ...(names.length > 0 && { ProjectionExpression: names.join(", ") }),
              ...(start !== undefined && { ExclusiveStartKey: start }),
            }),
            abort,
          ),
        options,
      );
      yield page.Items ?? [];
      from = page.LastEvaluatedKey;
    } while (from !== undefined);
  }

  const eraseAll = async (keys: readonly Item[], options: CallOptions | undefined): Promise<void> => {
    let left = keys;
    await call(
      "BatchWriteItem",
      async (client, sdk, abort) => {
        const RequestItems = { [TableName]: left.map((Key) => ({ DeleteRequest: { Key } })) };
        const { UnprocessedItems } = await client.send(new sdk.BatchWriteItemCommand({ RequestItems }), abort);
        // Where the table was named by its ARN, the answer need not name it so.
        left = Object.values(UnprocessedItems ?? {})
          .flat()
          .flatMap(({ DeleteRequest }) => (DeleteRequest?.Key === undefined ? [] : [DeleteRequest.Key]));
        if (left.length === 0) return;
        throw new FaceKitError("service-unavailable", `DynamoDB did not delete ${left.length} items yet.`, {
          adapter: adapterId,
          retryable: true,
        });
      },
      options,
    );
  };

  return {
    async get(Key, options) {
      const { Item: found } = await call(
        "GetItem",
        (client, sdk, abort) => client.send(new sdk.GetItemCommand({ TableName, Key, ConsistentRead: true }), abort),
        options,
      );
      return found;
    },

    update: (Key, change, options) =>
      unlessRefused(async () => {
        const { Attributes } = await call(
          "UpdateItem",
          (client, sdk, abort) =>
            client.send(
              new sdk.UpdateItemCommand({ TableName, Key, ReturnValues: "ALL_NEW", ...expressionOf(change) }),
              abort,
            ),
          options,
        );
        return Attributes;
      }),

    async putNew(item, options) {
      await unlessRefused(() =>
        call(
          "PutItem",
          (client, sdk, abort) =>
            client.send(
              new sdk.PutItemCommand({ TableName, Item: item, ConditionExpression: "attribute_not_exists(pk)" }),
              abort,
            ),
          options,
        ),
      );
    },

    async deleteIf(Key, { condition, values }, options) {
      await unlessRefused(() =>
        call(
          "DeleteItem",
          (client, sdk, abort) =>
            client.send(
              new sdk.DeleteItemCommand({
                TableName,
                Key,
                ConditionExpression: condition,
                ...(values !== undefined && { ExpressionAttributeValues: values }),
              }),
              abort,
            ),
          options,
        ),
      );
    },

    async *query(partition, question, options) {
      for await (const page of query(partition, question, options)) yield* page;
    },

    async erase(partition, options) {
      for await (const page of query(partition, {}, options, ["pk", "sk"])) {
        for (let i = 0; i < page.length; i += batchSize) await eraseAll(page.slice(i, i + batchSize), options);
      }
    },

    close: () => service.close(),
  };
}

/** What the table must be; `docs/members-dynamodb.md` says the same for those who make it themselves. */
function definition(TableName: string): CreateTableCommandInput {
  return {
    TableName,
    BillingMode: "PAY_PER_REQUEST",
    AttributeDefinitions: [
      { AttributeName: "pk", AttributeType: "S" },
      { AttributeName: "sk", AttributeType: "B" },
      { AttributeName: "time", AttributeType: "N" },
    ],
    KeySchema: [
      { AttributeName: "pk", KeyType: "HASH" },
      { AttributeName: "sk", KeyType: "RANGE" },
    ],
    LocalSecondaryIndexes: [
      {
        IndexName: byTime,
        KeySchema: [
          { AttributeName: "pk", KeyType: "HASH" },
          { AttributeName: "time", KeyType: "RANGE" },
        ],
        Projection: { ProjectionType: "ALL" },
      },
    ],
  };
}

/** Undefined where the condition of a write did not hold. */
async function unlessRefused<T>(write: () => Promise<T>): Promise<T | undefined> {
  try {
    return await write();
  } catch (error) {
    if (isFaceKitError(error, "conflict")) return undefined;
    throw error;
  }
}

interface UpdateExpression {
  readonly UpdateExpression: string;
  readonly ConditionExpression: string;
  readonly ExpressionAttributeNames?: Record<string, string>;
  readonly ExpressionAttributeValues?: Item;
}

/** Names go by placeholders: "name" is one of DynamoDB's reserved words. */
function expressionOf({ set = {}, setNew = {}, add = {}, condition, values = {} }: Change): UpdateExpression {
  const names: Record<string, string> = {};
  const given: Item = { ...values };
  const named = (name: string): string => {
    names[`#${name}`] = name;
    return `#${name}`;
  };
  const valued = (name: string, value: AttributeValue): string => {
    given[`:${name}`] = value;
    return `:${name}`;
  };
  const sets: string[] = [];
  const removed: string[] = [];
  for (const [name, value] of Object.entries(set)) {
    if (value === undefined) removed.push(named(name));
    else sets.push(`${named(name)} = ${valued(name, value)}`);
  }
  for (const [name, value] of Object.entries(setNew)) {
    sets.push(`${named(name)} = if_not_exists(${named(name)}, ${valued(name, value)})`);
  }
  const added = Object.entries(add).map(([name, value]) => `${named(name)} ${valued(name, value)}`);
  const parts = [
    ["SET", sets],
    ["REMOVE", removed],
    ["ADD", added],
  ] as const;
  return {
    UpdateExpression: parts
      .flatMap(([verb, list]) => (list.length > 0 ? [`${verb} ${list.join(", ")}`] : []))
      .join(" "),
    ConditionExpression: condition,
    ...(Object.keys(names).length > 0 && { ExpressionAttributeNames: names }),
    ...(Object.keys(given).length > 0 && { ExpressionAttributeValues: given }),
  };
}
