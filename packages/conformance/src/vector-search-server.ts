import { connect, createServer, type Server, type Socket } from "node:net";
import { Binary, type Document, deserialize, Long, serialize } from "bson";

export interface VectorSearchServerOptions {
  /** The server that keeps the documents: one that speaks MongoDB's protocol, without a password, on TCP. */
  readonly upstream: { readonly host: string; readonly port: number };
  /** After this many milliseconds at the earliest a write is seen by searches. Default 0: the next search sees it. */
  readonly lagMs?: number;
  /** How long a new search index cannot be searched yet, in milliseconds. Default 0. */
  readonly buildMs?: number;
}

export interface VectorSearchServer extends AsyncDisposable {
  /** A connection string for the driver. */
  readonly url: string;
  /** From now on searches see no later write, until `thaw`. */
  freeze(): void;
  thaw(): void;
}

/**
 * Gives a server that speaks MongoDB's protocol what Atlas has besides: search indexes of type `vectorSearch`, and
 * aggregations that begin with `$vectorSearch`. Those commands are answered here, by comparing with every document,
 * and all others pass through to the server behind. So the real driver and a real database are tested, all but the
 * search itself.
 *
 * As on Atlas, searches are behind the collection, and what they find is read from the collection as it is then: a
 * document that is gone is not told. Only `$eq` and `$in` filters on declared paths and a `$project` behind it are known.
 */
export async function vectorSearchServer(options: VectorSearchServerOptions): Promise<VectorSearchServer> {
  const { upstream, lagMs = 0, buildMs = 0 } = options;
  const indexes = new Map<string, SearchIndex[]>();
  const copies = new Map<string, Copy>();
  const sockets = new Set<Socket>();
  let frozen = false;

  const wrote = (collection: string): void => {
    const copy = copies.get(collection);
    if (copy !== undefined) copy.staleSince ??= performance.now();
  };

  /** The documents as the search index has them. */
  const indexed = (database: string, collection: string): Promise<readonly Document[]> => {
    const name = `${database}.${collection}`;
    let copy = copies.get(name);
    const due = copy?.staleSince !== undefined && performance.now() - copy.staleSince >= lagMs && !frozen;
    if (copy === undefined || due) {
      copy = { documents: readAll(upstream, database, collection, [{}]), staleSince: undefined };
      copies.set(name, copy);
    }
    return copy.documents;
  };

  const search = async (database: string, collection: string, pipeline: readonly Document[]): Promise<Document[]> => {
    const [first = {}, ...rest] = pipeline;
    const stage: Document = first.$vectorSearch;
    const index = indexes.get(`${database}.${collection}`)?.find(({ name }) => name === stage.index);
    // As on Atlas: an index that is not there finds nothing.
    if (index === undefined || performance.now() < index.queryableFrom) return [];
    const paths = index.definition.fields.filter((field: Document) => field.type === "filter").map(pathOf);
    const fits = filterOf(stage.filter ?? {}, paths);
    const query = numbersOf(stage.queryVector);
    if (query === undefined) throw new CommandError(2, "queryVector is no vector");
    if (!Number.isInteger(stage.limit) || stage.limit < 1 || stage.limit > 10_000) {
      throw new CommandError(2, "limit must be from 1 to 10000");
    }
    if (!stage.exact && !(stage.numCandidates >= stage.limit && stage.numCandidates <= 10_000)) {
      throw new CommandError(2, "numCandidates must be from limit to 10000");
    }
    const scored = (await indexed(database, collection)).flatMap((document) => {
      const vector = numbersOf(document[stage.path]);
      return vector === undefined || !fits(document) ? [] : [{ _id: document._id, score: scoreOf(query, vector) }];
    });
    const best = scored.sort((a, b) => b.score - a.score).slice(0, stage.limit);
    const ids = best.map(({ _id }) => _id);
    // One by one, if few: FerretDB uses its index for that alone.
    const filters = ids.length <= 64 ? ids.map((_id) => ({ _id })) : [{ _id: { $in: ids } }];
    const now = await readAll(upstream, database, collection, filters);
    const byId = new Map(now.map((document) => [document._id, document]));
    return best.flatMap(({ _id, score }) => {
      const document = byId.get(_id);
      return document === undefined ? [] : [projected(document, score, rest)];
    });
  };

  /** The answer to a command that the server behind does not know; undefined for all others. */
  const answer = async (command: Document): Promise<Document | undefined> => {
    const database = String(command.$db);
    if (typeof command.createSearchIndexes === "string") {
      const name = `${database}.${command.createSearchIndexes}`;
      const known = indexes.get(name) ?? [];
      for (const { name: indexName, definition } of command.indexes) {
        if (known.some((index) => index.name === indexName)) {
          throw new CommandError(68, `Index ${indexName} already exists.`, "IndexAlreadyExists");
        }
        known.push({ name: indexName, definition, queryableFrom: performance.now() + buildMs });
      }
      indexes.set(name, known);
      return { indexesCreated: command.indexes.map(({ name: created }: Document) => ({ id: created, name: created })) };
    }
    const [stage] = typeof command.aggregate === "string" ? command.pipeline : [];
    const name = `${database}.${command.aggregate}`;
    if (stage?.$listSearchIndexes !== undefined) {
      const wanted = stage.$listSearchIndexes.name;
      return cursorOf(
        name,
        (indexes.get(name) ?? [])
          .filter((index) => wanted === undefined || index.name === wanted)
          .map((index) => {
            const queryable = performance.now() >= index.queryableFrom;
            return {
              id: index.name,
              name: index.name,
              type: "vectorSearch",
              status: queryable ? "READY" : "BUILDING",
              queryable,
              latestDefinition: index.definition,
            };
          }),
      );
    }
    if (stage?.$vectorSearch !== undefined) {
      const level = command.readConcern?.level;
      if (level !== undefined && level !== "local") {
        throw new CommandError(72, `$vectorSearch does not know read concern ${level}`);
      }
      return cursorOf(name, await search(database, command.aggregate, command.pipeline));
    }
    return undefined;
  };

  const server = createServer((client) => {
    const behind = connect(upstream);
    sockets.add(client).add(behind);
    const writes = new Map<number, string>();
    const end = (): void => {
      for (const socket of [client, behind]) {
        sockets.delete(socket);
        socket.destroy();
      }
    };
    for (const socket of [client, behind]) socket.on("error", end).on("close", end);
    onMessages(behind, (message) => {
      const collection = writes.get(message.readInt32LE(8));
      if (collection !== undefined) wrote(collection);
      writes.delete(message.readInt32LE(8));
      client.write(message);
    });
    onMessages(client, (message) => {
      const requestId = message.readInt32LE(4);
      const command = commandOf(message);
      const target = command?.insert ?? command?.update ?? command?.delete ?? command?.findAndModify;
      if (typeof target === "string") writes.set(requestId, `${command?.$db}.${target}`);
      if (command === undefined || !isOurs(command)) {
        behind.write(message);
        return;
      }
      answer(command).then(
        (reply) => client.write(messageOf({ ...reply, ok: 1 }, requestId)),
        (error: unknown) => client.write(messageOf(failureOf(error), requestId)),
      );
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));

  return {
    url: `mongodb://127.0.0.1:${portOf(server)}/?directConnection=true`,
    freeze() {
      frozen = true;
    },
    thaw() {
      frozen = false;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

interface SearchIndex {
  readonly name: string;
  readonly definition: Document;
  readonly queryableFrom: number;
}

interface Copy {
  readonly documents: Promise<readonly Document[]>;
  /** When the first write came that is not in it. */
  staleSince: number | undefined;
}

class CommandError extends Error {
  constructor(
    readonly code: number,
    message: string,
    readonly codeName: string = "BadValue",
  ) {
    super(message);
  }
}

const messageOpcode = 2013;

function isOurs(command: Document): boolean {
  const stage = Array.isArray(command.pipeline) ? command.pipeline[0] : undefined;
  return (
    command.createSearchIndexes !== undefined ||
    stage?.$vectorSearch !== undefined ||
    stage?.$listSearchIndexes !== undefined
  );
}

/** Calls `use` with each whole message: https://www.mongodb.com/docs/manual/reference/mongodb-wire-protocol */
function onMessages(socket: Socket, use: (message: Buffer) => void): void {
  let waiting: Buffer[] = [];
  let size = 0;
  socket.on("data", (bytes: Buffer) => {
    waiting.push(bytes);
    size += bytes.length;
    for (;;) {
      if (size < 4) return;
      if ((waiting[0]?.length ?? 0) < 4) waiting = [Buffer.concat(waiting)];
      const length = waiting[0]?.readInt32LE(0) ?? 0;
      if (size < length) return;
      const all = waiting.length === 1 && waiting[0] !== undefined ? waiting[0] : Buffer.concat(waiting);
      use(all.subarray(0, length));
      waiting = [all.subarray(length)];
      size -= length;
    }
  });
}

/** The body of an OP_MSG; undefined for messages of other kinds. */
function commandOf(message: Buffer): Document | undefined {
  if (message.readInt32LE(12) !== messageOpcode) return undefined;
  // Header and flags, then sections; a sequence of documents may come before the body.
  let at = 20;
  while (at < message.length) {
    const kind = message[at];
    const length = message.readInt32LE(at + 1);
    if (kind === 0) return deserialize(message.subarray(at + 1, at + 1 + length));
    at += 1 + length;
  }
  return undefined;
}

function messageOf(body: Document, responseTo: number, requestId = 0): Buffer {
  const section = serialize(body);
  const head = Buffer.alloc(21);
  head.writeInt32LE(head.length + section.length, 0);
  head.writeInt32LE(requestId, 4);
  head.writeInt32LE(responseTo, 8);
  head.writeInt32LE(messageOpcode, 12);
  return Buffer.concat([head, section]);
}

function failureOf(error: unknown): Document {
  const { code, codeName } = error instanceof CommandError ? error : { code: 8, codeName: "UnknownError" };
  return { ok: 0, errmsg: error instanceof Error ? error.message : String(error), code, codeName };
}

function cursorOf(ns: string, firstBatch: readonly Document[]): Document {
  return { cursor: { id: Long.ZERO, ns, firstBatch } };
}

/** Reads the documents that fit each of the filters from the server behind, over a connection of its own. */
async function readAll(
  upstream: { readonly host: string; readonly port: number },
  database: string,
  collection: string,
  filters: readonly Document[],
): Promise<Document[]> {
  const socket = connect(upstream);
  const request = (command: Document): Promise<Document> =>
    new Promise((resolve, reject) => {
      socket
        .removeAllListeners()
        .on("error", reject)
        .on("close", () => reject(new Error("closed")));
      onMessages(socket, (message) => {
        const reply = commandOf(message);
        if (reply?.ok === 1) resolve(reply);
        else reject(new Error(String(reply?.errmsg)));
      });
      socket.write(messageOf({ ...command, $db: database }, 0, 1));
    });
  try {
    const documents: Document[] = [];
    for (const filter of filters) {
      let { cursor } = await request({ find: collection, filter, batchSize: 5000 });
      documents.push(...cursor.firstBatch);
      while (Number(cursor.id) !== 0) {
        ({ cursor } = await request({ getMore: Long.fromValue(cursor.id), collection, batchSize: 5000 }));
        documents.push(...cursor.nextBatch);
      }
    }
    return documents;
  } finally {
    socket.removeAllListeners().on("error", () => undefined);
    socket.destroy();
  }
}

function pathOf(field: Document): unknown {
  return field.path;
}

/** Throws for paths that the index does not declare, as Atlas refuses them. */
function filterOf(filter: Document, paths: readonly unknown[]): (document: Document) => boolean {
  const conditions = Object.entries(filter).map(([path, condition]) => {
    if (!paths.includes(path)) throw new CommandError(8, `Path '${path}' needs to be indexed as filter`);
    const wanted = condition?.$in ?? [condition !== null && typeof condition === "object" ? condition.$eq : condition];
    if (!Array.isArray(wanted) || wanted.includes(undefined)) throw new CommandError(2, `unknown filter of '${path}'`);
    return (document: Document): boolean => wanted.includes(document[path]);
  });
  return (document) => conditions.every((holds) => holds(document));
}

function numbersOf(value: unknown): Float32Array | undefined {
  return value instanceof Binary && value.sub_type === Binary.SUBTYPE_VECTOR ? value.toFloat32Array() : undefined;
}

/** (1 + cosine) / 2, in float32. */
function scoreOf(a: Float32Array, b: Float32Array): number {
  const sum = (x: Float32Array, y: Float32Array): number =>
    x.reduce((total, value, i) => total + value * (y[i] ?? 0), 0);
  return Math.fround((1 + sum(a, b) / Math.sqrt(sum(a, a) * sum(b, b))) / 2);
}

/** What the stages behind make of a hit: a `$project` of fields and the score. */
function projected(document: Document, score: number, stages: readonly Document[]): Document {
  return stages.reduce((hit, stage) => {
    const { $project: fields } = stage;
    if (fields === undefined) throw new CommandError(40324, `Unrecognized pipeline stage ${Object.keys(stage).join()}`);
    const entries = Object.entries(fields).flatMap(([field, how]) => {
      const isScore = how !== null && typeof how === "object" && "$meta" in how && how.$meta === "vectorSearchScore";
      if (isScore) return [[field, score] as const];
      return how === 1 && field in hit ? [[field, hit[field]] as const] : [];
    });
    return Object.fromEntries([["_id", hit._id], ...entries]);
  }, document);
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}
