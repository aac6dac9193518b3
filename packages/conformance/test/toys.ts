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
  type IndexEntry,
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

/** The plainest index that is right; `compareIds` may make it wrong. */
export function toyIndex(compareIds = (a: string, b: string): number => (a < b ? -1 : 1)): VectorIndex {
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
      const entries = [...(galleries.get(namespace)?.values() ?? [])].filter(
        ({ memberId }) => memberIds?.includes(memberId) ?? true,
      );
      return queries.map((query) =>
        entries
          .map((entry) => ({ id: entry.id, memberId: entry.memberId, similarity: dot(entry.vector, query) }))
          .sort((a, b) => b.similarity - a.similarity || compareIds(a.id, b.id))
          .slice(0, k),
      );
    },
    async count(namespace) {
      return galleries.get(namespace)?.size ?? 0;
    },
    async [Symbol.asyncDispose]() {},
  };
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
