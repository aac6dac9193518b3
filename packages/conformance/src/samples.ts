import { type DecodedImage, type EmbeddingSpace, type FaceRecord, normalize } from "@facekit/core";

/** The space of the suites that need no model. */
export const space: EmbeddingSpace = { id: "facekit-conformance-1", dimensions: 8, metric: "cosine" };

/** The same numbers on every run (mulberry32), 0 to less than 1. */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

export function randomVector(random: () => number, dimensions: number = space.dimensions): Float32Array {
  return normalize(Array.from({ length: dimensions }, () => random() - 0.5));
}

/** A unit vector whose similarity to `axis(0)` is the given cosine. */
export function tilted(cosine: number): Float32Array {
  return Float32Array.from({ length: space.dimensions }, (_, i) =>
    i === 0 ? cosine : i === 1 ? Math.sqrt(1 - cosine * cosine) : 0,
  );
}

/** `tilted(cosine)` on the other side of `axis(0)`, which is the mean of the two. */
export function mirrored(cosine: number): Float32Array {
  return tilted(cosine).map((value, i) => (i === 0 ? value : -value));
}

export function axis(n: number): Float32Array {
  return Float32Array.from({ length: space.dimensions }, (_, i) => (i === n ? 1 : 0));
}

export const noon: Date = new Date("2024-02-29T12:00:00.123Z");

export function minutesAfterNoon(minutes: number): Date {
  return new Date(noon.getTime() + minutes * 60_000);
}

export function record(id: string, memberId: string, vector: Float32Array = axis(0)): FaceRecord {
  return { id, memberId, vector, createdAt: noon };
}

/** Three templates of one member, with ids after the prefix. */
export function photos(memberId: string, prefix: string, random: () => number): FaceRecord[] {
  return [1, 2, 3].map((n) => record(`${prefix}/${n}`, memberId, randomVector(random)));
}

/** Vectors that no template may be. */
export const badVectors: readonly (readonly [why: string, vector: Float32Array])[] = [
  ["one dimension too few", axis(0).slice(1)],
  ["one dimension too many", Float32Array.of(...axis(0), 0)],
  ["no dimensions", new Float32Array(0)],
  ["NaN", axis(0).fill(Number.NaN, 3, 4)],
  ["infinity", axis(0).fill(Number.POSITIVE_INFINITY, 3, 4)],
  ["length 0", new Float32Array(space.dimensions)],
  ["length 2", axis(0).map((value) => value * 2)],
];

/** Names that are odd but allowed: each must come back as it went in, and mean nothing but itself. */
export const oddNames: readonly string[] = [
  "'; DROP TABLE records; --",
  "'; drop table templates; --",
  '"quoted"',
  "\\'\\\"",
  "`tick`",
  "$where",
  "$gt",
  "a.b.$c",
  "__proto__",
  "constructor",
  "hasOwnProperty",
  "null",
  "undefined",
  "0",
  "1e3",
  '{"$ne":null}',
  "../../etc/passwd",
  "../",
  "a/b\\c",
  "%_*?[x]",
  "%00",
  ":name ?1 @p",
  "line\nbreak\ttab",
  "\u0001\u001f\u007f",
  " padded ",
  // Some databases take names that differ in their last spaces for one.
  " padded",
  "\ufeffmark",
  "Ärger",
  // The same letters as one code point and as two are two names, like upper and lower case.
  "\u00e9",
  "e\u0301",
  "E\u0301",
  "e",
  "ß",
  "ss",
  // Whoever ignores what has no width takes these two for one.
  "in\u200bvisible",
  "invisible",
  "👩‍👩‍👧",
  "日本語",
  "عربى",
  "\ue000\uffff\u{10ffff}",
  "x".repeat(512),
  "語".repeat(512),
  "\u{1f600}".repeat(256),
  "\uffff".repeat(512),
];

/** Names that must be refused with `invalid-argument`. */
export const badNames: readonly (readonly [why: string, name: string])[] = [
  ["empty", ""],
  ["too long", "x".repeat(513)],
  ["10 kB long", "x".repeat(10_240)],
  ["with NUL", "a\0b"],
  ["with half a surrogate pair", "a\ud83d"],
];

/** Sorted by code units. UTF-8 bytes would put the emoji last, a locale's order would mix the cases. */
export const sortedNames: readonly string[] = ["B", "a", "a0", "a10", "a2", "b", "ä", "\u{1f600}", "\uff5e"];

export function shuffled<T>(items: readonly T[], random: () => number): T[] {
  return items
    .map((item) => ({ item, at: random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item);
}

export function uniformImage(width: number, height: number, grey = 128): DecodedImage {
  return { data: new Uint8Array(width * height * 3).fill(grey), width, height, channels: 3 };
}

/** The same picture with an alpha channel, which says nothing about the pixels. */
export function withAlpha({ data, width, height, channels }: DecodedImage): DecodedImage {
  const out = new Uint8Array(width * height * 4);
  for (let p = 0; p < width * height; p++) {
    for (let c = 0; c < 3; c++) out[p * 4 + c] = data[p * channels + c] ?? 0;
    out[p * 4 + 3] = (p * 7) % 256;
  }
  return { data: out, width, height, channels: 4 };
}
