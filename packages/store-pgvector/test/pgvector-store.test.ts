import { PGlite } from "@electric-sql/pglite";
import { vector } from "@electric-sql/pglite-pgvector";
import { dot, meanTemplate, normalize } from "@facekit/core";
import { postgresStore } from "@facekit/store-sql";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { type PgvectorStore, type PgvectorStoreOptions, pgvectorStore } from "../src/index.js";
import {
  building,
  direction,
  heldBuild,
  lockOnServer,
  near,
  newSchema,
  onServer,
  open,
  record,
  schemaOnServer,
  seeded,
  skipped,
  spaceOf,
} from "./support.js";

interface Place {
  readonly options: PgvectorStoreOptions & { readonly schema: string };
  rows(statement: string): Promise<Record<string, unknown>[]>;
}

function behaviour(place: () => Place): void {
  const indexesIn = async ({ options, rows }: Place): Promise<unknown[]> =>
    (
      await rows(`SELECT indexname FROM pg_indexes WHERE schemaname = '${options.schema}' AND indexdef LIKE '%hnsw%'`)
    ).map(({ indexname }) => indexname);

  test("answers with the similarities of the float32 templates and their mean", async () => {
    const { options } = place();
    const store = await open(options, 512);
    const random = seeded(1);
    const templates = Array.from({ length: 3 }, () => direction(random, 512));
    await store.upsert(
      "n",
      templates.map((each, i) => record(`${i}`, "ann", each)),
    );
    const mean = meanTemplate(templates) ?? new Float32Array();
    const probes = [...templates, mean, direction(random, 512)];
    const { matches } = await store.search("n", probes, { k: 1 });
    const expected = probes.map((probe) => Math.max(...[...templates, mean].map((each) => dot(each, probe))));
    expect(matches.map(([match]) => match?.similarity)).toEqual(expected);
  });

  test("searches exactly among templates that half precision cannot tell apart", async () => {
    const { options } = place();
    const store = await open({ ...options, search: "exact" }, 64);
    const random = seeded(2);
    const centre = direction(random, 64);
    const all = Array.from({ length: 500 }, (_, i) => record(`t${i}`, `m${i}`, near(centre, random, 0.9999999)));
    await store.upsert("n", all);
    for (let round = 0; round < 5; round++) {
      const probe = near(centre, random, 0.9);
      const expected = all
        .map(({ memberId, vector: each }) => ({ memberId, similarity: dot(each, probe) }))
        .sort((a, b) => b.similarity - a.similarity || (a.memberId < b.memberId ? -1 : 1))
        .slice(0, 5);
      const { matches } = await store.search("n", [probe], { k: 5 });
      expect(matches[0]?.map(({ memberId, similarity }) => ({ memberId, similarity }))).toEqual(expected);
    }
  });

  describe("with an HNSW index", () => {
    const hnsw = { from: 500, efConstruction: 64 };
    const dimensions = 32;

    async function filled(at: Place): Promise<{ store: PgvectorStore; templates: Float32Array[] }> {
      const store = await open({ ...at.options, hnsw }, dimensions);
      const random = seeded(3);
      const templates = Array.from({ length: 700 }, () => direction(random, dimensions));
      await store.upsert(
        "large",
        templates.map((each, i) => record(`${i}`, `m${i}`, each)),
      );
      await store.buildIndexes();
      return { store, templates };
    }

    test("finds who is enrolled, and has indexes for large namespaces alone", async () => {
      const at = place();
      const { store, templates } = await filled(at);
      expect(store.capabilities.exact).toBe(false);
      await store.upsert("small", [record("1", "ann", templates[0] ?? new Float32Array())]);
      expect(await indexesIn(at)).toHaveLength(1);
      const random = seeded(4);
      const people = Array.from({ length: 50 }, (_, i) => i * 14);
      const probes = people.map((i) => near(templates[i] ?? new Float32Array(), random, 0.8));
      const { matches, comparisons } = await store.search("large", probes, { k: 1 });
      expect(comparisons).toBe(700);
      expect(matches.map(([best]) => best?.memberId)).toEqual(people.map((i) => `m${i}`));
      // What is written once the index is there.
      await store.upsert("large", [record("new", "new", probes[0] ?? new Float32Array())]);
      await store.deleteMember("large", "m14");
      const after = await store.search("large", probes.slice(0, 2), { k: 1 });
      expect(after.matches.map(([best]) => best?.memberId)).toEqual(["new", expect.not.stringMatching(/^m14$/)]);
      expect(after.comparisons).toBe(700);
    });

    test("finds members among few and among many that are asked for", async () => {
      const { store, templates } = await filled(place());
      const [probe = new Float32Array()] = templates;
      const nearestOf = (members: number[]): string[] =>
        members
          .map((i) => ({ id: `m${i}`, similarity: dot(templates[i] ?? probe, probe) }))
          .sort((a, b) => b.similarity - a.similarity)
          .slice(0, 3)
          .map(({ id }) => id);
      for (const share of [2, 100]) {
        const members = templates.map((_, i) => i).filter((i) => (share === 2 ? i % 10 !== 0 : i % share === 1));
        const memberIds = members.map((i) => `m${i}`);
        const { matches, comparisons } = await store.search("large", [probe], { k: 3, memberIds });
        expect(matches[0]?.map(({ memberId }) => memberId)).toEqual(nearestOf(members));
        expect(comparisons).toBeUndefined();
      }
    });

    test("keeps no index, and no row, of a namespace that was deleted", async () => {
      const at = place();
      const { store } = await filled(at);
      expect(await store.deleteNamespace("large")).toBe(700);
      expect(await at.rows(`SELECT count(*)::int AS count FROM ${at.options.schema}.search_rows`)).toEqual([
        { count: 0 },
      ]);
      await expect.poll(() => indexesIn(at), { timeout: 30_000 }).toEqual([]);
    });

    test("keeps no index of a namespace that another program deleted", async () => {
      const at = place();
      await filled(at);
      const plain = postgresStore(at.options);
      onTestFinished(() => plain[Symbol.asyncDispose]());
      await plain.faceRecords.open(spaceOf(dimensions));
      await plain.faceRecords.deleteNamespace("large");
      const again = await open({ ...at.options, hnsw }, dimensions);
      await again.buildIndexes();
      expect(await indexesIn(at)).toEqual([]);
    });

    test("gets its index where another program filled the namespace, too", async () => {
      const at = place();
      const store = await open({ ...at.options, hnsw }, dimensions);
      const plain = postgresStore(at.options);
      onTestFinished(() => plain[Symbol.asyncDispose]());
      await plain.faceRecords.open(spaceOf(dimensions));
      const random = seeded(8);
      const templates = Array.from({ length: 700 }, (_, i) => record(`${i}`, `m${i}`, direction(random, dimensions)));
      await plain.faceRecords.put("large", templates);
      expect((await store.search("large", [direction(random, dimensions)], { k: 1 })).comparisons).toBe(700);
      await expect.poll(() => indexesIn(at), { timeout: 30_000 }).toHaveLength(1);
    });

    test("builds the index anew where a process was killed while it built one", async () => {
      const at = place();
      const { store } = await filled(at);
      const [index] = await indexesIn(at);
      await at.rows(
        `UPDATE pg_index SET indisvalid = false WHERE indexrelid = '${at.options.schema}.${index}'::regclass`,
      );
      const again = await open({ ...at.options, hnsw }, dimensions);
      await again.buildIndexes();
      const [state] = await at.rows(
        `SELECT indisvalid FROM pg_index WHERE indexrelid = '${at.options.schema}.${index}'::regclass`,
      );
      expect(state?.indisvalid).toBe(true);
      expect((await store.count("large")).templates).toBe(700);
    });
  });

  test("has one search row for each template and each mean, whatever was written, replaced and erased", async () => {
    const { options, rows } = place();
    const store = await open(options, 16);
    const random = seeded(5);
    const held = new Map<string, string>();
    for (let step = 0; step < 60; step++) {
      const memberId = `m${Math.floor(random() * 6)}`;
      if (random() < 0.2) {
        await store.deleteMember("n", memberId);
        for (const [id, owner] of held) if (owner === memberId) held.delete(id);
      } else {
        const id = `t${Math.floor(random() * 20)}`;
        await store.upsert("n", [record(id, memberId, direction(random, 16))]);
        held.set(id, memberId);
      }
      const counts = new Map<string, number>();
      for (const owner of held.values()) counts.set(owner, (counts.get(owner) ?? 0) + 1);
      const means = [...counts.values()].filter((count) => count > 1).length;
      const { comparisons } = await store.search("n", [direction(random, 16)], { k: 1 });
      expect(comparisons).toBe(held.size + means);
      const [stored] = await rows(
        `SELECT count(*) FILTER (WHERE template_id <> '')::int AS templates,
           count(*) FILTER (WHERE template_id = '')::int AS means FROM ${options.schema}.search_rows`,
      );
      expect(stored).toEqual({ templates: held.size, means });
    }
  });

  test("takes in what another program wrote that knows of no search rows, before and after opening", async () => {
    const { options } = place();
    const plain = postgresStore(options);
    onTestFinished(() => plain[Symbol.asyncDispose]());
    await plain.faceRecords.open(spaceOf(16));
    const random = seeded(6);
    const templates = Array.from({ length: 4 }, () => direction(random, 16));
    const [first = new Float32Array(), second = new Float32Array()] = templates;
    await plain.faceRecords.put("n", [record("1", "ann", first)]);
    const store = await open(options, 16);
    expect((await store.search("n", [first], { k: 1 })).matches[0]?.[0]?.memberId).toBe("ann");
    await plain.faceRecords.put("n", [record("2", "bob", second)]);
    await plain.faceRecords.delete("n", { memberId: "ann" });
    const { matches, comparisons, revision } = await store.search("n", [first, second], { k: 5 });
    expect(matches.map((found) => found.map(({ memberId }) => memberId))).toEqual([["bob"], ["bob"]]);
    expect(comparisons).toBe(1);
    expect(revision).toBe(await plain.faceRecords.revision());
  });

  test("takes in what was written without it in turns, each in a transaction of its own", async () => {
    const { options, rows } = place();
    const plain = postgresStore(options);
    onTestFinished(() => plain[Symbol.asyncDispose]());
    await plain.faceRecords.open(spaceOf(4));
    const random = seeded(7);
    for (let batch = 0; batch < 12; batch++) {
      const ids = Array.from({ length: 500 }, (_, i) => `${batch}-${i}`);
      await plain.faceRecords.put(
        "n",
        ids.map((id) => record(id, id, direction(random, 4))),
      );
    }
    const store = await open(options, 4);
    const [turns] = await rows(`SELECT count(DISTINCT xmin::text)::int AS count FROM ${options.schema}.search_rows`);
    expect(turns?.count).toBe(2);
    expect((await store.search("n", [direction(random, 4)], { k: 1 })).comparisons).toBe(6000);
  });

  test("keeps nothing in a mean of a template that was erased before its turn came", async () => {
    const { options } = place();
    const store = await open(options, 4);
    const plain = postgresStore(options);
    onTestFinished(() => plain[Symbol.asyncDispose]());
    await plain.faceRecords.open(spaceOf(4));
    const axis = (n: number): Float32Array => Float32Array.from({ length: 4 }, (_, i) => (i === n ? 1 : 0));
    await plain.faceRecords.put("n", [record("first", "ann", axis(0))]);
    await plain.faceRecords.put(
      "others",
      Array.from({ length: 4500 }, (_, i) => record(`${i}`, `${i}`, axis(2))),
    );
    await plain.faceRecords.put("n", [record("second", "ann", axis(1))]);
    // Its transaction takes in the first, and not yet the second.
    await store.upsert("n", [record("1", "bob", axis(3))]);
    await plain.faceRecords.delete("n", { ids: ["second"] });
    const { matches, comparisons } = await store.search("n", [normalize([1, 1, 0, 0])], { k: 1 });
    expect(matches[0]?.[0]).toMatchObject({ memberId: "ann", templateId: "first" });
    expect(comparisons).toBe(2);
  });

  test("erases search rows before it says so, however much was written without it", async () => {
    const { options, rows } = place();
    const store = await open(options, 4);
    await store.upsert("n", [record("1", "ann", normalize([1, 0, 0, 0]))]);
    const plain = postgresStore(options);
    onTestFinished(() => plain[Symbol.asyncDispose]());
    await plain.faceRecords.open(spaceOf(4));
    const random = seeded(10);
    for (const batch of ["a", "b"]) {
      const others = Array.from({ length: 4100 }, (_, i) => record(`${batch}${i}`, `m${i}`, direction(random, 4)));
      await plain.faceRecords.put("others", others);
    }
    expect(await store.deleteMember("n", "ann")).toBe(1);
    const [left] = await rows(
      `SELECT count(*)::int AS count FROM ${options.schema}.search_rows WHERE template_id = decode('0031', 'hex')
         OR template_id = decode('3100', 'hex')`,
    );
    expect(left?.count).toBe(0);
  });

  test("refuses member ids that nobody can have", async () => {
    const store = await open(place().options, 4);
    const [probe, wrong] = [normalize([1, 0, 0, 0]), JSON.parse("[3]")];
    for (const memberIds of [[""], ["a\ud800"], wrong]) {
      await expect(store.search("n", [probe], { k: 1, memberIds })).rejects.toMatchObject({
        code: "invalid-argument",
        message: expect.stringContaining("memberIds"),
      });
    }
  });

  test("refuses more dimensions than pgvector's index takes, and searches them exactly", async () => {
    const { options } = place();
    const store = pgvectorStore(options);
    onTestFinished(() => store[Symbol.asyncDispose]());
    await expect(store.open(spaceOf(4001))).rejects.toMatchObject({ code: "not-supported" });
    const exact = await open({ ...options, search: "exact" }, 4001);
    const wide = normalize(new Float32Array(4001).fill(1));
    await exact.upsert("n", [record("1", "ann", wide)]);
    const { matches } = await exact.search("n", [wide], { k: 1 });
    expect(matches[0]?.[0]).toMatchObject({ memberId: "ann", similarity: dot(wide, wide) });
  });
}

describe("PGlite", () => {
  let pglite: PGlite;
  beforeAll(async () => {
    pglite = await PGlite.create({ extensions: { vector } });
  });
  afterAll(() => pglite.close());

  behaviour(() => ({
    options: { pglite, schema: newSchema() },
    rows: async (statement) => (await pglite.query<Record<string, unknown>>(statement)).rows,
  }));

  test("says which command brings pgvector where there is none", async () => {
    const bare = await PGlite.create();
    onTestFinished(() => bare.close());
    const store = pgvectorStore({ pglite: bare });
    onTestFinished(() => store[Symbol.asyncDispose]());
    await expect(store.open(spaceOf(8))).rejects.toMatchObject({
      code: "not-supported",
      adapter: "store-pgvector",
      message: expect.stringContaining("npm install @electric-sql/pglite-pgvector"),
    });
  });
});

describe.skipIf(skipped !== undefined)(`PostgreSQL${skipped === undefined ? "" : ` (${skipped})`}`, () => {
  behaviour(() => ({ options: schemaOnServer(), rows: onServer }));

  test("erases search rows before it says so, though another write that would have done it is rolled back", async () => {
    const { url, schema } = schemaOnServer();
    const plain = postgresStore({ url, schema });
    onTestFinished(() => plain[Symbol.asyncDispose]());
    const connections = new pg.Pool({ connectionString: url, max: 4 });
    onTestFinished(() => connections.end());
    const answers: ((text: string) => Promise<void> | undefined)[] = [];
    const pool: NonNullable<PgvectorStoreOptions["pool"]> = {
      async connect() {
        const client = await connections.connect();
        return {
          async query(text, values) {
            const answer = await client.query(text, values);
            for (const hear of answers) await hear(text);
            return answer;
          },
          release: (destroy) => client.release(destroy),
          on: (event, listener) => client.on(event, listener),
          off: (event, listener) => client.off(event, listener),
        };
      },
      end: () => connections.end(),
    };
    const store = await open({ pool, schema, search: "exact" }, 4);
    const axis = (n: number): Float32Array => Float32Array.from({ length: 4 }, (_, i) => (i === n ? 1 : 0));
    await store.upsert("n", [record("1", "ann", axis(0))]);
    await plain.faceRecords.open(spaceOf(4));
    for (const [batch, size] of Object.entries({ a: 4100, b: 1 })) {
      const others = Array.from({ length: size }, (_, i) => record(`${batch}${i}`, `m${i}`, axis(1)));
      await plain.faceRecords.put("others", others);
    }
    let hear = (): void => undefined;
    const heard = new Promise<void>((resolve) => {
      hear = resolve;
    });
    const committed = new Promise<void>((resolve) => {
      answers.push((text) => {
        if (text !== "COMMIT") return undefined;
        answers.pop();
        resolve();
        return heard;
      });
    });
    const erased = store.deleteMember("n", "ann");
    await committed;
    const controller = new AbortController();
    answers.push(async (text) => {
      if (/UPDATE .*"search_state"/.test(text)) controller.abort(new Error("enough"));
    });
    await expect(store.upsert("n", [record("2", "bob", axis(2))], { signal: controller.signal })).rejects.toThrow(
      "enough",
    );
    hear();
    expect(await erased).toBe(1);
    const held = await onServer(`SELECT FROM ${schema}.search_rows AS r JOIN ${schema}.search_namespaces AS n
      ON n.key = r.namespace WHERE n.namespace = '\\x006e'`);
    expect(held).toEqual([]);
  });

  test("opens a new database where another makes the extension at the same time", async () => {
    const name = newSchema();
    await onServer(`CREATE DATABASE ${name}`);
    onTestFinished(async () => {
      await onServer(`DROP DATABASE ${name} WITH (FORCE)`);
    });
    const url = new URL(schemaOnServer().url);
    url.pathname = `/${name}`;
    const commit = await lockOnServer("CREATE EXTENSION vector", url.href);
    const opening = open({ url: url.href }, 8);
    await expect
      .poll(() => onServer(`SELECT FROM pg_stat_activity WHERE datname = '${name}' AND wait_event_type = 'Lock'`))
      .toHaveLength(1);
    await commit();
    expect(await (await opening).count("n")).toEqual({ members: 0, templates: 0 });
  });

  describe("while an index is built", () => {
    const held = (): ReturnType<typeof heldBuild> => heldBuild(schemaOnServer());

    test("a store that is disposed does not wait for it, even where it has just begun", async () => {
      const { store } = await held();
      await store[Symbol.asyncDispose]();
    });

    test("a store that is disposed ends it, and tells those who wait", async () => {
      const { options, store } = await held();
      await building(options);
      const waiting = expect(store.buildIndexes()).rejects.toMatchObject({ code: "closed" });
      await new Promise((resolve) => setTimeout(resolve, 50));
      await store[Symbol.asyncDispose]();
      await waiting;
    });

    test("by another process, buildIndexes waits until it is ready", async () => {
      const { options, release } = await held();
      await building(options);
      const other = await open(options, 8);
      let ready = false;
      const waiting = other.buildIndexes().then(() => {
        ready = true;
      });
      await new Promise((resolve) => setTimeout(resolve, 300));
      expect(ready).toBe(false);
      await release();
      await waiting;
      const [index] = await onServer(
        `SELECT indisvalid FROM pg_index WHERE indexrelid = '${options.schema}.search_rows_hnsw_1'::regclass`,
      );
      expect(index?.indisvalid).toBe(true);
    });

    test("a build that breaks off is done again for those who wait", async () => {
      const { options, store, release } = await held();
      await building(options);
      const waiting = store.buildIndexes();
      await onServer(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%CREATE INDEX%${options.schema}%' AND pid <> pg_backend_pid()`,
      );
      await release();
      await waiting;
      const [index] = await onServer(
        `SELECT indisvalid FROM pg_index WHERE indexrelid = '${options.schema}.search_rows_hnsw_1'::regclass`,
      );
      expect(index?.indisvalid).toBe(true);
    });

    test("an abort ends the waiting", async () => {
      const { store } = await held();
      const controller = new AbortController();
      const reason = new Error("enough");
      const waiting = expect(store.buildIndexes({ signal: controller.signal })).rejects.toBe(reason);
      setTimeout(() => controller.abort(reason), 100);
      await waiting;
    });
  });
});

test.each<[string, unknown]>([
  ["search", { search: "fast" }],
  ["hnsw", { hnsw: null }],
  ["hnsw.from", { hnsw: { from: 0 } }],
  ["hnsw.efSearch", { hnsw: { efSearch: 1001 } }],
  ["hnsw.efConstruction", { hnsw: { m: 40, efConstruction: 64 } }],
  ["probes", { hnsw: { probes: 3 } }],
  ["index", { index: "hnsw" }],
])("refuses a wrong %s at the door", (name, wrong) => {
  const options: PgvectorStoreOptions = { url: "postgres://localhost/x", ...Object(wrong) };
  expect(() => pgvectorStore(options)).toThrow(
    expect.objectContaining({ code: "invalid-argument", message: expect.stringContaining(name) }),
  );
});
