import {
  checkId,
  checkNumber,
  checkVector,
  type DecodedImage,
  type Detector,
  dot,
  type Embedder,
  type EmbeddingSpace,
  type Face,
  FaceKitError,
  type ImageDecoder,
  type IndexEntry,
  type IndexHit,
  meanTemplate,
  normalize,
  specVersion,
  type VectorIndex,
} from "@facekit/core";

const cell = 32;
const space: EmbeddingSpace = { id: "toy-colours", dimensions: 3, metric: "cosine" };

/** A grey picture with one coloured square, which toys take for a face, in each cell of a row. */
export function toyPicture(...colours: readonly (readonly [number, number, number])[]): DecodedImage {
  const width = cell * Math.max(1, colours.length);
  const data = new Uint8Array(width * cell * 3).fill(128);
  colours.forEach((colour, i) => {
    for (let y = 4; y < cell - 4; y++) {
      for (let x = 4; x < cell - 4; x++) data.set(colour, (y * width + i * cell + x) * 3);
    }
  });
  return { data, width, height: cell, channels: 3 };
}

/** The same as the bytes of a file: how wide it is, and its pixels. */
export function toyFile({ data, width }: DecodedImage): Uint8Array {
  return Uint8Array.of(width >> 8, width & 255, ...data);
}

/** Reads toyFile's bytes. */
export const decodeToy: ImageDecoder = async (input) => {
  if (!(input instanceof Uint8Array)) throw new FaceKitError("invalid-argument", "Toys are decoded from bytes.");
  const width = (input[0] ?? 0) * 256 + (input[1] ?? 0);
  return { data: input.subarray(2), width, height: cell, channels: 3 };
};

/** Takes coloured cells for faces, the redder the surer. */
export function toyDetector(): Detector {
  return {
    specVersion,
    id: "toy-detector",
    capabilities: { landmarks: true, landmarks68: false },
    async detect(image, { minScore = 0, maxFaces = Number.POSITIVE_INFINITY, signal } = {}) {
      signal?.throwIfAborted();
      const faces: Face[] = [];
      for (let x = 0; x + cell <= image.width; x += cell) {
        const colour = colourAt(image, x + cell / 2, cell / 2);
        if (Math.max(...colour) - Math.min(...colour) > 40) faces.push(faceAt(x, (colour[0] ?? 0) / 255));
      }
      return faces
        .filter(({ score }) => score >= minScore)
        .sort((a, b) => b.score - a.score)
        .slice(0, maxFaces);
    },
    async [Symbol.asyncDispose]() {},
  };
}

/** A face's template is the direction of its colour. */
export function toyEmbedder(): Embedder {
  return {
    specVersion,
    id: "toy-embedder",
    space,
    requires: "landmarks",
    async embed(faces, options) {
      options?.signal?.throwIfAborted();
      return faces.map(({ image, face }) => {
        const nose = face.landmarks?.[2];
        if (nose === undefined) throw new FaceKitError("invalid-argument", "This embedder needs landmarks.");
        return normalize(colourAt(image, nose.x, nose.y).map((value) => value - 100));
      });
    },
    async [Symbol.asyncDispose]() {},
  };
}

interface ToyIndexOptions {
  readonly compareIds?: (a: string, b: string) => number;
  readonly meanOf?: (templates: readonly Float32Array[]) => Float32Array | undefined;
}

/** The plainest index that is right; `compareIds` and `meanOf` may make it wrong. */
export function toyIndex({ compareIds = codeUnits, meanOf = meanTemplate }: ToyIndexOptions = {}): VectorIndex {
  const id = "toy-index";
  let galleries = new Map<string, Map<string, IndexEntry>>();
  let bound = space;
  return {
    specVersion,
    id,
    capabilities: { exact: true },
    async open(wanted) {
      bound = wanted;
      galleries = new Map();
    },
    async add(namespace, entries) {
      checkId("namespace", namespace);
      for (const entry of entries) {
        checkId("entry.id", entry.id);
        checkVector(entry.vector, bound, id);
      }
      const gallery = galleries.get(namespace) ?? new Map<string, IndexEntry>();
      galleries.set(namespace, gallery);
      for (const entry of entries) gallery.set(entry.id, { ...entry, vector: entry.vector.slice() });
    },
    async remove(namespace, ids) {
      for (const entryId of ids) galleries.get(namespace)?.delete(entryId);
    },
    async search(namespace, queries, { k, memberIds, signal }) {
      signal?.throwIfAborted();
      checkNumber("k", k, { min: 1, max: 1e9, integer: true });
      for (const query of queries) checkVector(query, bound, id);
      const entries = [...(galleries.get(namespace)?.values() ?? [])];
      const compared = [...entries, ...meansOf(entries, meanOf)];
      const wanted = compared.filter(({ memberId }) => memberIds?.includes(memberId) ?? true);
      const hits = queries.map((query) =>
        wanted
          .map(({ vector, ...hit }): IndexHit => ({ ...hit, similarity: dot(vector, query) }))
          .sort((a, b) => b.similarity - a.similarity || compareEquals(a, b, compareIds))
          .slice(0, k),
      );
      return { hits, comparisons: compared.length };
    },
    async count(namespace) {
      return galleries.get(namespace)?.size ?? 0;
    },
    async [Symbol.asyncDispose]() {},
  };
}

function codeUnits(a: string, b: string): number {
  return a < b ? -1 : 1;
}

function compareEquals(a: IndexHit, b: IndexHit, compareIds: (a: string, b: string) => number): number {
  if (a.id !== undefined && b.id !== undefined) return compareIds(a.id, b.id);
  if (a.id === undefined && b.id === undefined) return compareIds(a.memberId, b.memberId);
  return a.id === undefined ? 1 : -1;
}

function meansOf(
  entries: readonly IndexEntry[],
  meanOf: Required<ToyIndexOptions>["meanOf"],
): Omit<IndexEntry, "id">[] {
  const members = new Map<string, Float32Array[]>();
  for (const { memberId, vector } of [...entries].sort((a, b) => codeUnits(a.id, b.id))) {
    members.set(memberId, [...(members.get(memberId) ?? []), vector]);
  }
  return [...members].flatMap(([memberId, own]) => {
    const vector = own.length < 2 ? undefined : meanOf(own);
    return vector === undefined ? [] : [{ memberId, vector }];
  });
}

function colourAt({ data, width, channels }: DecodedImage, x: number, y: number): number[] {
  const p = (Math.floor(y) * width + Math.floor(x)) * channels;
  return [...data.slice(p, p + 3)];
}

function faceAt(x: number, score: number): Face {
  return {
    box: { x: x + 4, y: 4, width: cell - 8, height: cell - 8 },
    score,
    landmarks: [
      { x: x + 10, y: 10 },
      { x: x + 22, y: 10 },
      { x: x + 16, y: 16 },
      { x: x + 11, y: 23 },
      { x: x + 21, y: 23 },
    ],
  };
}
