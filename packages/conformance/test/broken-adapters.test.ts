import {
  detectorConformance,
  faceRecordsConformance,
  type TestRunner,
  vectorIndexConformance,
  vectorStoreConformance,
  visitLogConformance,
} from "@facekit/conformance";
import { damagedFilesConformance, type OpenIn } from "@facekit/conformance/faults";
import {
  createVectorStore,
  type FaceRecords,
  meanTemplate,
  memoryFaceRecords,
  memoryVisitLog,
  type VectorIndex,
  type VisitLog,
} from "@facekit/core";
import { describe, expect, test } from "vitest";
import { type ToyFileOptions, toyFileRecords } from "./toy-file.js";
import { toyDetector, toyIndex, toyPicture } from "./toys.js";

/** Runs a suite and gives the names of the tests that failed, and why. */
async function failedTests(suite: (test: TestRunner) => void): Promise<{ name: string; reason: string }[]> {
  const tests: { name: string; run: () => Promise<void> }[] = [];
  suite((name, run) => tests.push({ name, run }));
  const failed: { name: string; reason: string }[] = [];
  for (const { name, run } of tests) {
    await run().catch((error: unknown) => failed.push({ name, reason: String(error) }));
  }
  return failed;
}

async function failuresOf(suite: (test: TestRunner) => void): Promise<string> {
  return (await failedTests(suite)).map(({ name }) => name).join("\n");
}

const failingRecords = (override: (records: FaceRecords) => Partial<FaceRecords>): Promise<string> =>
  failuresOf((test) =>
    faceRecordsConformance({
      test,
      create: () => {
        const records = memoryFaceRecords();
        return { ...records, ...override(records) };
      },
    }),
  );

const failingVisits = (override: (log: VisitLog) => Partial<VisitLog>): Promise<string> =>
  failuresOf((test) =>
    visitLogConformance({
      test,
      create: () => {
        const log = memoryVisitLog();
        return { ...log, ...override(log) };
      },
    }),
  );

describe("the suites catch", () => {
  test("nothing where nothing is wrong", async () => {
    expect(await failingRecords(() => ({}))).toBe("");
    expect(await failingVisits(() => ({}))).toBe("");
    const open: OpenIn = (folder) => toyFileRecords(folder);
    expect(await failuresOf((test) => damagedFilesConformance({ test, open, places: 8 }))).toBe("");
  });

  test("a store that counts the comparisons of its hits and not of its gallery", async () => {
    const failed = await failuresOf((test) =>
      vectorStoreConformance({
        test,
        create: () => {
          const store = createVectorStore({ records: memoryFaceRecords(), index: toyIndex() });
          return {
            ...store,
            async search(namespace, probes, options) {
              const found = await store.search(namespace, probes, options);
              return { ...found, comparisons: found.matches.flat().length };
            },
          };
        },
      }),
    );
    expect(failed).toContain("VectorStore: tells, if it tells, with how many templates and means a search compares");
    expect(failed).toContain("VectorStore, races: two writers register the same member at once");
    expect(failed).not.toContain("agrees with a full comparison");
  });

  test("records that write a batch one by one", async () => {
    const failed = await failingRecords((records) => ({
      async put(namespace, batch, options) {
        for (const record of batch) await records.put(namespace, [record], options);
        return { revision: await records.revision() };
      },
    }));
    expect(failed).toContain("atomic");
  });

  test("records that forget conditions", async () => {
    const failed = await failingRecords((records) => ({ put: (namespace, batch) => records.put(namespace, batch) }));
    expect(failed).toContain("ifRevision");
    expect(failed).toContain("racing");
    expect(failed).toContain("signal's own reason");
  });

  test("records that keep silent about deletions", async () => {
    const failed = await failingRecords((records) => ({
      async *changes(since, options) {
        for await (const change of records.changes(since, options)) if (change.kind === "put") yield change;
      },
    }));
    expect(failed).toContain("tells what changed");
    expect(failed).toContain("replays the changes");
  });

  test("records that show a revision before the one below it", async () => {
    const failed = await failingRecords((records) => {
      const hidden = new Set<number>();
      return {
        async put(namespace, batch, options) {
          const { revision } = await records.put(namespace, batch, options);
          if (batch.length > 3) hidden.add(revision);
          await new Promise((resolve) => setTimeout(resolve, 2));
          hidden.delete(revision);
          return { revision };
        },
        async *changes(since, options) {
          for await (const change of records.changes(since, options)) if (!hidden.has(change.revision)) yield change;
        },
      };
    });
    expect(failed).toContain("an index that follows the changes while four write misses none");
  });

  test("records that scan by position", async () => {
    const failed = await failingRecords((records) => ({
      async *scan(namespace, options) {
        for (let at = 0; ; at += 50) {
          const all = [];
          for await (const record of records.scan(namespace, options)) all.push(record);
          yield* all.slice(at, at + 50);
          if (at + 50 >= all.length) return;
          await new Promise((resolve) => setTimeout(resolve, 1));
        }
      },
    }));
    expect(failed).toContain("members are deleted and replaced while others scan");
  });

  test("records that erase a namespace one by one", async () => {
    const failed = await failingRecords((records) => ({
      async deleteNamespace(namespace, options) {
        let deleted = 0;
        for await (const { id } of records.scan(namespace, options)) {
          deleted += (await records.delete(namespace, { ids: [id] })).deleted;
          await new Promise((resolve) => setTimeout(resolve, 1));
        }
        return { deleted, revision: await records.revision() };
      },
      async put(namespace, batch, options) {
        await new Promise((resolve) => setTimeout(resolve, 1));
        return records.put(namespace, batch, options);
      },
    }));
    expect(failed).toContain("a namespace is deleted while another writes");
  });

  test("records that look at the condition before they write", async () => {
    const failed = await failingRecords((records) => ({
      async put(namespace, batch, { ifRevision, ...options } = {}) {
        await records.put(namespace, [], { ...options, ...(ifRevision !== undefined && { ifRevision }) });
        await new Promise((resolve) => setTimeout(resolve, 1));
        return records.put(namespace, batch, options);
      },
    }));
    expect(failed).toContain("of many that write on one condition one wins each revision");
    expect(failed).toContain("take seats without a gap or a double");
  });

  test("records that take their revisions from the clock", async () => {
    const failed = await failingRecords((records) => {
      let last = 0;
      const wrap = (time: number): number => {
        last = time;
        return time;
      };
      return {
        async put(namespace, batch, options) {
          await records.put(namespace, batch, options);
          return { revision: wrap(Date.now()) };
        },
        revision: async () => last,
      };
    });
    expect(failed).toContain("the clock jumps");
  });

  test("records that take for stale what was written later than now", async () => {
    const places = new WeakMap<FaceRecords, { records: FaceRecords; writtenAt: Date }>();
    const opened = (place: { records: FaceRecords; writtenAt: Date }): FaceRecords => {
      const { records } = place;
      const own: FaceRecords = {
        ...records,
        async open(space) {
          await records.open(space);
          if (new Date() < place.writtenAt) await records.deleteNamespace("n");
        },
        async put(namespace, batch, options) {
          place.writtenAt = new Date();
          return records.put(namespace, batch, options);
        },
        async [Symbol.asyncDispose]() {},
      };
      places.set(own, place);
      return own;
    };
    const fresh = (): FaceRecords => opened({ records: memoryFaceRecords(), writtenAt: new Date(0) });
    const failed = await failuresOf((test) =>
      faceRecordsConformance({
        test,
        create: fresh,
        reopen: (previous) => opened(places.get(previous) ?? { records: memoryFaceRecords(), writtenAt: new Date(0) }),
      }),
    );
    expect(failed).toContain("FaceRecords, races: the clock jumps");
  });

  test("a store that acknowledges a member after an erasure and does not keep it", async () => {
    const failed = await failuresOf((test) =>
      vectorStoreConformance({
        test,
        create: () => {
          const store = createVectorStore({ records: memoryFaceRecords(), index: toyIndex() });
          let erased = 0;
          return {
            ...store,
            async deleteNamespace(namespace, options) {
              erased++;
              return store.deleteNamespace(namespace, options);
            },
            // The third, so that a single erasure loses nothing.
            upsert: async (namespace, batch, options) =>
              erased++ === 3 ? store.upsert(namespace, [], options) : store.upsert(namespace, batch, options),
          };
        },
      }),
    );
    expect(failed).toContain("a namespace is erased while another writes");
  });

  test.each<[string, ToyFileOptions | OpenIn, string]>([
    ["a damaged file where there is none", () => memoryFaceRecords(), "left no file"],
    ["files that are refused undamaged", { whenFilled: "refuse" }, "nobody damaged"],
    ["damage that is told as another error", { whenDamaged: "store-unavailable" }, "wrong answers"],
    ["damage that is not noticed", { whenDamaged: "ignore" }, "wrong answers"],
  ])("%s", async (_, wrong, reason) => {
    const open: OpenIn = typeof wrong === "function" ? wrong : (folder) => toyFileRecords(folder, wrong);
    const failed = await failedTests((test) => damagedFilesConformance({ test, open, places: 8 }));
    expect(failed.map((each) => each.reason)).toEqual([
      expect.stringContaining(reason),
      expect.stringContaining(reason),
    ]);
  });

  test("records that order members like a dictionary", async () => {
    const failed = await failingRecords((records) => ({
      async *members(namespace, options) {
        const members = [];
        for await (const member of records.members(namespace, options)) members.push(member);
        yield* members.sort((a, b) => a.memberId.localeCompare(b.memberId));
      },
    }));
    expect(failed).toContain("code units");
  });

  test("an index with wrong ties", async () => {
    const failed = await failuresOf((test) =>
      vectorIndexConformance({ test, create: () => toyIndex({ compareIds: (a, b) => (a < b ? 1 : -1) }) }),
    );
    expect(failed).toContain("ties");
    expect(failed).not.toContain("starts empty");
  });

  test("an index that loses the worst hit", async () => {
    const failed = await failuresOf((test) =>
      vectorIndexConformance({
        test,
        create: () => {
          const index = toyIndex();
          return {
            ...index,
            async search(namespace, queries, options) {
              const { hits, comparisons } = await index.search(namespace, queries, options);
              return { hits: hits.map((best) => best.slice(0, 9)), comparisons };
            },
          };
        },
      }),
    );
    expect(failed).toContain("full comparison");
  });

  const failingIndex = (create: () => VectorIndex): Promise<string> =>
    failuresOf((test) => {
      vectorIndexConformance({ test, create });
      vectorStoreConformance({
        test,
        create: () => createVectorStore({ records: memoryFaceRecords(), index: create() }),
      });
    });

  test("an index that knows the nearest template alone", async () => {
    const failed = await failingIndex(() => toyIndex({ meanOf: () => undefined }));
    expect(failed).toContain("VectorIndex: compares with the mean of a member's templates too");
    expect(failed).toContain("VectorStore: gives each member once, by the nearest of the templates and their mean");
  });

  test("an index whose means are not of unit length", async () => {
    const failed = await failingIndex(() =>
      toyIndex({ meanOf: (own) => meanTemplate(own)?.map((value) => value / 2) }),
    );
    expect(failed).toContain("VectorIndex: compares with the mean of a member's templates too");
  });

  test("an index whose means keep what was erased", async () => {
    const failed = await failingIndex(() => {
      const index = toyIndex();
      const remembering = toyIndex();
      return {
        ...index,
        async open(space) {
          await index.open(space);
          await remembering.open(space);
        },
        async add(namespace, entries) {
          await index.add(namespace, entries);
          const every = entries.map((entry) => ({ ...entry, id: crypto.randomUUID() }));
          await remembering.add(namespace, every);
        },
        async search(namespace, queries, options) {
          const { hits, comparisons } = await index.search(namespace, queries, options);
          const { hits: old } = await remembering.search(namespace, queries, { ...options, k: 1e6 });
          const stale = hits.map((best, i) => {
            const replaced = best.map((hit) =>
              hit.id === undefined
                ? (old[i]?.find(({ id, memberId }) => id === undefined && memberId === hit.memberId) ?? hit)
                : hit,
            );
            return replaced.sort((a, b) => b.similarity - a.similarity);
          });
          return { hits: stale, comparisons };
        },
      };
    });
    expect(failed).toContain("VectorIndex: keeps nothing of a removed or replaced template in a mean");
    expect(failed).toContain("VectorStore: keeps nothing of a replaced template in a mean");
    expect(failed).not.toContain("compares with the mean");
  });

  test("a log that replaces visits", async () => {
    const failed = await failingVisits((log) => ({
      async append(namespace, visits, options) {
        for (const { memberId } of visits) await log.deleteMember(namespace, memberId);
        return log.append(namespace, visits, options);
      },
    }));
    expect(failed).toContain("appends a key once");
  });

  test("a detector with its faces in any order and no limit", async () => {
    const failed = await failuresOf((test) =>
      detectorConformance({
        test,
        create: () => ({
          ...toyDetector(),
          detect: async (image) => (await toyDetector().detect(image)).reverse(),
        }),
        pictures: [{ image: toyPicture([90, 200, 60], [220, 60, 60]), faces: 2 }],
      }),
    );
    expect(failed).toContain("best first");
    expect(failed).toContain("maxFaces");
    expect(failed).toContain("minScore");
    expect(failed).toContain("signal's own reason");
  });
});
