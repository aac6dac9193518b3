import { type IndexEntry, type IndexHit, meanTemplate, normalize, type VectorIndex } from "@facekit/core";
import { exactIndex } from "@facekit/index-exact";
import { describe, expect, onTestFinished, test } from "vitest";
import { Arena } from "../src/arena.js";
import { queriesAtOnce } from "../src/bank.js";
import { BestRows } from "../src/best-rows.js";
import { Breather } from "../src/breather.js";
import { compileKernel } from "../src/compile-kernel.js";
import { Gallery } from "../src/gallery.js";
import { MemberGallery } from "../src/member-gallery.js";
import { nearest } from "../src/nearest.js";
import { ScanThreads } from "../src/scan-threads.js";

/** The same numbers on every run (mulberry32), 0 to less than 1. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Templates as they come, and as they are hardest to tell apart. */
class Samples {
  readonly #random: () => number;
  readonly #dimensions: number;
  readonly #centres: Float32Array[];
  readonly #made: Float32Array[] = [];

  constructor(random: () => number, dimensions: number) {
    this.#random = random;
    this.#dimensions = dimensions;
    this.#centres = Array.from({ length: 3 }, () => this.#anywhere());
  }

  next(): Float32Array {
    const kinds = [
      () => this.#anywhere(),
      () => this.#near(this.#one(this.#centres), 0.1),
      // Closer to each other than an int8 code can tell.
      () => this.#near(this.#one(this.#centres), 1e-4),
      () => this.#near(this.#one(this.#made), 1e-7),
      () => this.#one(this.#made).slice(),
      () => this.#one(this.#made).map((value) => -value),
      // One large component and many that vanish in quantising.
      () => this.#axis(),
      () => this.#near(this.#axis(), 1e-3),
    ];
    const vector = kinds[Math.floor(this.#random() * kinds.length)]?.() ?? this.#anywhere();
    this.#made.push(vector);
    return vector;
  }

  #one(vectors: readonly Float32Array[]): Float32Array {
    return vectors[Math.floor(this.#random() * vectors.length)] ?? this.#anywhere();
  }

  #anywhere(): Float32Array {
    return normalize(Array.from({ length: this.#dimensions }, () => this.#random() - 0.5));
  }

  #near(centre: Float32Array, distance: number): Float32Array {
    return normalize(Array.from(centre, (value) => value + (this.#random() - 0.5) * distance));
  }

  #axis(): Float32Array {
    const at = Math.floor(this.#random() * this.#dimensions);
    return Float32Array.from({ length: this.#dimensions }, (_, i) => (i === at ? 1 : 0));
  }
}

/** Four sums of products in double precision, as `kernel/similarity.ts` states it. */
function similarity(a: Float32Array, b: Float32Array): number {
  const sums = [0, 0, 0, 0];
  const whole = a.length - (a.length % 4);
  for (let i = 0; i < a.length; i++) {
    const sum = i < whole ? i % 4 : 0;
    sums[sum] = (sums[sum] ?? 0) + (a[i] ?? 0) * (b[i] ?? 0);
  }
  const [first = 0, second = 0, third = 0, fourth = 0] = sums;
  return first + second + (third + fourth);
}

type Compared = Omit<IndexEntry, "id"> & { readonly id?: string };

function bruteForce(entries: Iterable<Compared>, query: Float32Array, k: number, memberIds?: string[]): IndexHit[] {
  return [...entries]
    .filter(({ memberId }) => memberIds === undefined || memberIds.includes(memberId))
    .map(({ vector, ...hit }): IndexHit => ({ ...hit, similarity: similarity(vector, query) }))
    .sort((a, b) => b.similarity - a.similarity || (tieKey(a) < tieKey(b) ? -1 : 1))
    .slice(0, k);
}

/** Templates by id, then means by member. */
function tieKey({ id, memberId }: IndexHit): string {
  return id === undefined ? `1${memberId}` : `0${id}`;
}

/** The sum of each member's several templates in the order of their ids, in double precision, scaled to unit length. */
function meansOf(entries: Iterable<IndexEntry>): Compared[] {
  const templatesOf = new Map<string, Float32Array[]>();
  for (const { memberId, vector } of [...entries].sort((a, b) => (a.id < b.id ? -1 : 1))) {
    templatesOf.set(memberId, [...(templatesOf.get(memberId) ?? []), vector]);
  }
  return [...templatesOf].flatMap(([memberId, templates]) => {
    const sums = Array.from(templates[0] ?? [], (_, i) => templates.reduce((sum, vector) => sum + (vector[i] ?? 0), 0));
    const length = Math.sqrt(sums.reduce((sum, value) => sum + value * value, 0));
    return templates.length < 2 || length < 0.001 * templates.length ? [] : [{ memberId, vector: normalize(sums) }];
  });
}

type Truth = ReadonlyMap<string, Map<string, IndexEntry>>;

async function opened(dimensions: number): Promise<VectorIndex> {
  const index = exactIndex();
  await index.open({ id: "s", dimensions, metric: "cosine" });
  return index;
}

/** Another index of the same contents, from a snapshot; what is added while it is written may be in it or not. */
async function restored(index: VectorIndex, dimensions: number, meanwhile: () => Promise<void>): Promise<VectorIndex> {
  const pieces: Uint8Array[] = [];
  const [whole] = await Promise.all([index.save?.(async (bytes) => void pieces.push(bytes.slice())), meanwhile()]);
  expect(whole).toBe(true);
  await index[Symbol.asyncDispose]();
  const again = await opened(dimensions);
  await again.restore?.(async (target) => {
    const piece = pieces.shift();
    expect(piece).toHaveLength(target.length);
    target.set(piece ?? []);
  });
  expect(pieces).toEqual([]);
  return again;
}

async function rebuilt(index: VectorIndex, dimensions: number, truth: Truth): Promise<VectorIndex> {
  await index[Symbol.asyncDispose]();
  const again = await opened(dimensions);
  for (const [namespace, entries] of truth) await again.add(namespace, [...entries.values()]);
  return again;
}

describe.each([1, 3, 128, 512, 600, 1030])("in %i dimensions", (dimensions) => {
  test.each([1, 2, 3, 4, 5])("hits are those of a full comparison, bit by bit (seed %i)", async (seed) => {
    const random = seeded(seed * 1000 + dimensions);
    const upTo = (limit: number): number => Math.floor(random() * limit);
    const samples = new Samples(random, dimensions);
    let index = await opened(dimensions);
    const truth = new Map(["n", "m", "o"].map((namespace) => [namespace, new Map<string, IndexEntry>()]));
    for (let step = 0; step < 40; step++) {
      const fate = random();
      if (fate < 0.15) {
        const late = { id: `late-${step}`, memberId: "m1", vector: samples.next() };
        const before = index;
        index = await restored(index, dimensions, () => before.add("n", [late]));
        // As a store does that catches up with what came after the snapshot.
        await index.add("n", [late]);
        truth.get("n")?.set(late.id, late);
      } else if (fate < 0.25) {
        index = await rebuilt(index, dimensions, truth);
      }
      for (const [namespace, entries] of truth) {
        if (random() < 0.6) {
          const added = Array.from({ length: upTo(random() < 0.2 ? 300 : 12) }, () => ({
            id: `t${upTo(900)}`,
            // Some have many templates, others one, and a template may go from one to another.
            memberId: `m${upTo(step % 2 === 0 ? 30 : 400)}`,
            vector: samples.next(),
          }));
          await index.add(namespace, added);
          for (const entry of added) entries.set(entry.id, entry);
        } else if (random() < 0.5) {
          // Now and then all of them: their memory serves the other namespace.
          const removed = [...entries.keys()].filter(() => random() < 0.2 || step % 13 === 0);
          await index.remove(namespace, removed);
          for (const id of removed) entries.delete(id);
        }
        expect(await index.count(namespace)).toBe(entries.size);
        const queries = Array.from({ length: upTo(7) }, () => samples.next());
        const k = 1 + upTo(random() < 0.2 ? 1000 : 12);
        const memberIds = random() < 0.3 ? ["m1", "m2", "m3", "none"] : undefined;
        const found = await index.search(namespace, queries, memberIds === undefined ? { k } : { k, memberIds });
        const compared = [...entries.values(), ...meansOf(entries.values())];
        expect(found.comparisons).toBe(compared.length);
        expect(found.hits).toEqual(queries.map((query) => bruteForce(compared, query, k, memberIds)));
      }
    }
  });
});

test("more queries than pass over the rows together are answered in their order", async () => {
  const samples = new Samples(seeded(1), 32);
  const entries = Array.from({ length: 5000 }, (_, i) => ({ id: `t${i}`, memberId: "m", vector: samples.next() }));
  const queries = Array.from({ length: 131 }, () => samples.next());
  const index = exactIndex();
  await index.open({ id: "s", dimensions: 32, metric: "cosine" });
  await index.add("n", entries);
  const found = await index.search("n", queries, { k: 5 });
  const compared = [...entries, ...meansOf(entries)];
  expect(found.hits).toEqual(queries.map((query) => bruteForce(compared, query, 5)));
});

describe("the memory", () => {
  const entriesOf = (samples: Samples, count: number): IndexEntry[] =>
    Array.from({ length: count }, (_, i) => ({ id: `t${i}`, memberId: "m", vector: samples.next() }));

  test("goes on in a further bank when one is full", async () => {
    const dimensions = 512;
    const samples = new Samples(seeded(2), dimensions);
    const entries = entriesOf(samples, 3000);
    // Room for queries, and for about two thousand rows.
    const gallery = new Gallery(new Arena(await compileKernel(), dimensions, 8e6));
    for (const entry of entries) gallery.set(entry);
    expect(new Set(gallery.segments.map(({ bank }) => bank)).size).toBeGreaterThan(1);
    const queries = Array.from({ length: 5 }, () => samples.next());
    expect(await nearest(gallery, queries, { k: 7 })).toEqual(queries.map((query) => bruteForce(entries, query, 7)));
    // Rows move from bank to bank.
    for (const { id } of entries.slice(0, 900)) gallery.delete(id);
    const rest = entries.slice(900);
    expect(await nearest(gallery, queries, { k: 7 })).toEqual(queries.map((query) => bruteForce(rest, query, 7)));
  });

  test("says so when a segment fits in no bank, and keeps what it has", async () => {
    const samples = new Samples(seeded(3), 512);
    const entries = entriesOf(samples, 4000);
    const gallery = new Gallery(new Arena(await compileKernel(), 512, 3e6));
    const fill = (): void => {
      for (const entry of entries) gallery.set(entry);
    };
    expect(fill).toThrow(expect.objectContaining({ code: "store-full" }));
    const kept = entries.slice(0, gallery.size);
    const [query = new Float32Array()] = entries.map(({ vector }) => vector);
    expect(await nearest(gallery, [query], { k: 5 })).toEqual([bruteForce(kept, query, 5)]);
  });

  test("holds nothing of a template that was removed or replaced, in no mean either", async () => {
    const random = seeded(5);
    // Of length 1 without rounding: the mean of equal vectors is that very vector.
    const signs = (): Float32Array => Float32Array.from({ length: 64 }, () => (random() < 0.5 ? -1 : 1) / 8);
    const [first, second, third] = [signs(), signs(), signs()];
    const arena = new Arena(await compileKernel(), 64);
    const gallery = new MemberGallery(arena);
    const set = async (id: string, memberId: string, vector: Float32Array): Promise<void> => {
      gallery.set({ id, memberId, vector });
      await gallery.refreshMeans(new Breather());
    };
    /** How often a vector lies in memory. */
    const held = (vector: Float32Array | undefined): number => {
      const floats = arena.rooms[0]?.bank.floats ?? new Float32Array();
      let times = 0;
      for (let at = floats.indexOf(vector?.[0] ?? 0); at >= 0; at = floats.indexOf(vector?.[0] ?? 0, at + 1)) {
        if (vector?.every((value, i) => floats[at + i] === value)) times++;
      }
      return times;
    };
    await set("a", "ann", first);
    await set("b", "ann", second);
    await set("c", "ann", third);
    const ofThree = meanTemplate([first, second, third]);
    expect([held(first), held(ofThree)]).toEqual([1, 1]);
    gallery.delete("a");
    expect([held(first), held(ofThree)]).toEqual([0, 0]);
    await gallery.refreshMeans(new Breather());
    const ofTwo = meanTemplate([second, third]);
    expect(held(ofTwo)).toBe(1);
    gallery.set({ id: "b", memberId: "ann", vector: third });
    expect([held(second), held(ofTwo)]).toEqual([0, 0]);
    await set("d", "bob", first);
    await set("e", "bob", first);
    expect(held(first)).toBe(3);
    gallery.delete("e");
    expect(held(first)).toBe(1);
    gallery.delete("d");
    expect(held(first)).toBe(0);
    expect(gallery.means.ids).toEqual(["ann"]);
  });

  test("of an emptied namespace serves the next one, in other sizes too", async () => {
    const dimensions = 16;
    const arena = new Arena(await compileKernel(), dimensions);
    const entries = entriesOf(new Samples(seeded(4), dimensions), 9000);
    const large = new Gallery(arena);
    for (const entry of entries) large.set(entry);
    const bank = large.segments[0]?.bank;
    const bytes = bank?.memory.buffer.byteLength;
    for (const { id } of entries) large.delete(id);
    expect(large.segments).toEqual([]);
    const small = Array.from({ length: 500 }, () => new Gallery(arena));
    for (const gallery of small) for (const entry of entries.slice(0, 10)) gallery.set(entry);
    expect(bank?.memory.buffer.byteLength).toBe(bytes);
    const [query = new Float32Array()] = entries.map(({ vector }) => vector);
    expect(await nearest(small[250] ?? large, [query], { k: 3 })).toEqual([bruteForce(entries.slice(0, 10), query, 3)]);
    // And back: the many small places are one again.
    for (const gallery of small) for (const entry of entries.slice(0, 10)) gallery.delete(entry.id);
    for (const entry of entries) large.set(entry);
    expect(bank?.memory.buffer.byteLength).toBe(bytes);
    expect(await nearest(large, [query], { k: 3 })).toEqual([bruteForce(entries, query, 3)]);
  });
});

describe("threads", () => {
  const dimensions = 64;

  async function gallery(samples: Samples, count: number, roomLimit?: number) {
    const arena = new Arena(await compileKernel(true), dimensions, roomLimit);
    const filled = new Gallery(arena);
    const entries = Array.from({ length: count }, (_, i) => ({ id: `t${i}`, memberId: "m", vector: samples.next() }));
    for (const entry of entries) filled.set(entry);
    return { arena, gallery: filled, entries };
  }

  /** They start at the first search, which does not wait for them. */
  async function started(threads: ScanThreads, filled: Gallery, query: Float32Array): Promise<void> {
    while (!threads.areReady) {
      await nearest(filled, [query], { k: 1 }, threads);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  test.each([1, 2, 3, 5])("%i of them find what one finds, bit by bit", async (count) => {
    const samples = new Samples(seeded(count), dimensions);
    // A limit at which the rows lie in two rooms.
    const { arena, gallery: filled, entries } = await gallery(samples, 30_000, count === 3 ? 8e6 : undefined);
    expect(arena.rooms).toHaveLength(count === 3 ? 2 : 1);
    const threads = new ScanThreads(arena, count, 0);
    onTestFinished(() => threads.end());
    await started(threads, filled, samples.next());
    for (let round = 0; round < 12; round++) {
      const queries = Array.from({ length: round === 0 ? 70 : 1 + (round % 6) }, () => samples.next());
      const k = [1, 10, 300, 40_000][round % 4] ?? 1;
      const best = queries.map(() => new BestRows(k, (row) => filled.ids[row] ?? ""));
      if (queries.length <= queriesAtOnce) expect(await threads.scan(filled, queries, k, best)).toBe(true);
      expect(await nearest(filled, queries, { k }, threads)).toEqual(await nearest(filled, queries, { k }));
      for (let i = 0; i < 200; i++) {
        const at = Math.abs(i * 7919 + round) % entries.length;
        if (i % 3 === 0) filled.delete(`t${at}`);
        else filled.set({ id: `t${at + (i % 3 === 1 ? entries.length : 0)}`, memberId: "m", vector: samples.next() });
      }
    }
  });

  test("that fail leave the work to the calling thread", async () => {
    const samples = new Samples(seeded(9), dimensions);
    const { arena, gallery: filled } = await gallery(samples, 5000);
    const threads = new ScanThreads(arena, 2, 0);
    const queries = [samples.next(), samples.next()];
    await started(threads, filled, samples.next());
    const expected = await nearest(filled, queries, { k: 9 });
    const searching = nearest(filled, queries, { k: 9 }, threads);
    // As when they end in the middle of a scan.
    threads.end();
    expect(await searching).toEqual(expected);
    expect(await nearest(filled, queries, { k: 9 }, threads)).toEqual(expected);
  });

  test("do not start for a small gallery", async () => {
    const samples = new Samples(seeded(10), dimensions);
    const { arena, gallery: filled, entries } = await gallery(samples, 1000);
    const threads = new ScanThreads(arena, 2);
    const query = samples.next();
    expect(await nearest(filled, [query], { k: 3 }, threads)).toEqual([bruteForce(entries, query, 3)]);
    expect(await threads.scan(filled, [query], 3, [])).toBe(false);
    expect(threads.areReady).toBe(false);
  });
});
