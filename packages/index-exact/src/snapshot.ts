import type { EmbeddingSpace, SnapshotReader, SnapshotWriter } from "@facekit/core";
import type { Arena } from "./arena.js";
import { Breather } from "./breather.js";
import { Gallery } from "./gallery.js";
import { firstRow, placesFor } from "./gallery-layout.js";
import { MemberGallery } from "./member-gallery.js";
import { rowsPerBlock, type Segment } from "./segment.js";

/**
 * Names what is written here, so that another format is another name: a list of format, space, dimensions, number of
 * galleries and places for all their rows; for each gallery a list of namespace, number of rows and size at the last centring, then the centre, then
 * its segments: a list of ids and one of member ids, then the parts. Lists are JSON behind their length (uint32). Means are
 * not written: they are taken anew on reading.
 */
const format = "facekit-index-exact/1";

/** Pieces short enough to wait for, and to stay in the processor's cache from reading to checking. */
const pieceBytes = 2 ** 20;

interface Contents {
  readonly space: EmbeddingSpace;
  readonly arena: Arena;
  readonly galleries: ReadonlyMap<string, MemberGallery>;
}

/**
 * Writes the galleries as they are now, piece by piece: rows that are appended meanwhile are left out. Ends with false
 * where other changes come between. Pieces are copied, so that nothing waits for the writing of one.
 */
export async function saveGalleries({ space, arena, galleries }: Contents, write: SnapshotWriter): Promise<boolean> {
  const { rewrites } = arena;
  const all = [...galleries].map(([namespace, gallery]) => ({
    namespace,
    gallery: gallery.templates,
    rows: gallery.templates.size,
  }));
  const piece = async (view: () => Uint8Array): Promise<boolean> => {
    if (arena.rewrites !== rewrites) return false;
    await write(view().slice());
    return arena.rewrites === rewrites;
  };
  const list = async (items: readonly unknown[]): Promise<boolean> => {
    const bytes = new TextEncoder().encode(JSON.stringify(items));
    const length = new Uint8Array(Uint32Array.of(bytes.length).buffer);
    return (await piece(() => length)) && piece(() => bytes);
  };

  const places = all.reduce((sum, { rows }) => sum + placesFor(rows), 0);
  if (!(await list([format, space.id, space.dimensions, all.length, places]))) return false;
  for (const { namespace, gallery, rows } of all) {
    const { centredAt, centre, segments } = gallery;
    if (!(await list([namespace, rows, centredAt]))) return false;
    if (!(await piece(() => new Uint8Array(centre.buffer)))) return false;
    for (let number = 0; firstRow(number) < rows; number++) {
      const [from, to] = [firstRow(number), Math.min(rows, firstRow(number + 1))];
      if (!(await list([gallery.ids.slice(from, to), gallery.memberIds.slice(from, to)]))) return false;
      const segment = segments[number];
      if (segment === undefined) return false;
      for (const view of pieces(segment, roundUp(to - from))) if (!(await piece(view))) return false;
    }
  }
  return true;
}

/**
 * Reads what `saveGalleries` wrote, rows straight into the arena. Undefined where it is another format or space.
 * Rejects where `read` does, and with `store-full`.
 */
export async function restoreGalleries(
  space: EmbeddingSpace,
  arena: Arena,
  read: SnapshotReader,
): Promise<Map<string, MemberGallery> | undefined> {
  const list = async (): Promise<List> => {
    const length = new Uint32Array(1);
    await read(new Uint8Array(length.buffer));
    const bytes = new Uint8Array(length[0] ?? 0);
    await read(bytes);
    return new List(JSON.parse(new TextDecoder().decode(bytes)));
  };

  const head = await list();
  if (head.string(0) !== format) return undefined;
  if (head.string(1) !== space.id || head.number(2) !== space.dimensions) return undefined;
  arena.reserve(head.number(4));
  const galleries = new Map<string, MemberGallery>();
  const breather = new Breather();
  while (galleries.size < head.number(3)) {
    const about = await list();
    const gallery = new Gallery(arena);
    await read(new Uint8Array(gallery.centre.buffer));
    gallery.centredAt = about.number(2);
    while (gallery.size < about.number(1)) {
      const names = await list();
      await gallery.restore(names.strings(0), names.strings(1), async (segment, count) => {
        await Promise.all(pieces(segment, count).map((view) => read(view())));
      });
    }
    const restored = new MemberGallery(arena, gallery);
    await restored.refreshMeans(breather);
    galleries.set(about.string(0), restored);
  }
  return galleries;
}

/** Views of the bytes of a segment's first rows, to be asked for when used: memory that grows leaves them behind. */
function pieces(segment: Segment, count: number): (() => Uint8Array)[] {
  return segment.parts(count).flatMap(({ address, bytes }) =>
    Array.from({ length: Math.ceil(bytes / pieceBytes) }, (_, i) => {
      const length = Math.min(pieceBytes, bytes - i * pieceBytes);
      return () => new Uint8Array(segment.bank.memory.buffer, address + i * pieceBytes, length);
    }),
  );
}

function roundUp(rows: number): number {
  return Math.ceil(rows / rowsPerBlock) * rowsPerBlock;
}

/** A JSON array, read item by item. */
class List {
  readonly #items: readonly unknown[];

  constructor(items: unknown) {
    this.#items = Array.isArray(items) ? items : [];
  }

  string(i: number): string {
    const item = this.#items[i];
    return typeof item === "string" ? item : fail();
  }

  number(i: number): number {
    const item = this.#items[i];
    return typeof item === "number" ? item : fail();
  }

  /** One or more. */
  strings(i: number): readonly string[] {
    const item = this.#items[i];
    if (!Array.isArray(item) || item.length === 0) return fail();
    return item.map((text: unknown) => (typeof text === "string" ? text : fail()));
  }
}

function fail(): never {
  throw new Error("The snapshot is not as this index writes it.");
}
