import { fstatSync, readSync, writeSync } from "node:fs";
import { mostLinks, type RowLinks } from "./links.js";

/** What fixes the layout of hnswlib's file. */
export interface Shape {
  readonly dimensions: number;
  readonly m: number;
  readonly efConstruction: number;
}

/** Bytes of the head: ten 64-bit and two 32-bit integers, and a double. */
const headBytes = 96;

/** Rows that pass through memory at a time. */
const rowsAtOnce = 1024;

/** The byte of a row's level-0 links that marks it as removed, and the mark. */
const markByte = 2;
const removedMark = 1;

/** Bytes of a row: its links on level 0 behind their number, the vector, the label. */
function rowLayout({ dimensions, m }: Shape) {
  const vector = 4 + mostLinks(m, 0) * 4;
  const label = vector + dimensions * 4;
  return { vector, label, bytes: label + 8 };
}

function upperBytes(m: number): number {
  return 4 + mostLinks(m, 1) * 4;
}

export interface GraphInFile {
  readonly rows: readonly RowLinks[];
  /** The row where searches enter. */
  readonly entry: number;
  readonly isRemoved: (row: number) => boolean;
}

/** The file that hnswlib wrote. Throws where it is not whole: hnswlib does not tell. */
export function readHnswlibFile(descriptor: number, shape: Shape): GraphInFile {
  const { size } = fstatSync(descriptor);
  const layout = rowLayout(shape);
  const head = dataView(readAt(descriptor, 0, headBytes));
  const count = Number(head.getBigUint64(16, true));
  const sizes = [head.getBigUint64(24, true), head.getBigUint64(32, true), head.getBigUint64(40, true)];
  if (sizes.map(Number).join() !== [layout.bytes, layout.label, layout.vector].join()) fail();
  const entry = head.getUint32(52, true);

  const rows: RowLinks[] = [];
  const removed = new Set<number>();
  for (let from = 0; from < count; from += rowsAtOnce) {
    const here = Math.min(rowsAtOnce, count - from);
    const view = dataView(readAt(descriptor, headBytes + from * layout.bytes, here * layout.bytes));
    for (let row = 0; row < here; row++) {
      const at = row * layout.bytes;
      // Labels are the numbers of rows.
      if (view.getUint32(at + layout.label, true) !== from + row) fail();
      if (view.getUint8(at + markByte) & removedMark) removed.add(from + row);
      rows.push([linksAt(view, at)]);
    }
  }
  const start = headBytes + count * layout.bytes;
  const upper = dataView(readAt(descriptor, start, size - start));
  let at = 0;
  const complete = rows.map((level0): RowLinks => {
    const levels = upper.getUint32(at, true) / upperBytes(shape.m);
    at += 4;
    const own = Array.from({ length: levels }, (_, i) => linksAt(upper, at + i * upperBytes(shape.m)));
    at += levels * upperBytes(shape.m);
    return [...level0, ...own];
  });
  if (at !== upper.byteLength) fail();
  return { rows: complete, entry, isRemoved: (row: number): boolean => removed.has(row) };
}

/** Writes a file that hnswlib reads, from front to back. The links are checked: `eachRow` hands them out. */
export class HnswlibFileWriter {
  readonly #descriptor: number;
  readonly #shape: Shape;
  readonly #rows: readonly RowLinks[];
  #row = 0;
  #at = 0;

  constructor(descriptor: number, shape: Shape, rows: readonly RowLinks[], entry: number, capacity: number) {
    this.#descriptor = descriptor;
    this.#shape = shape;
    this.#rows = rows;
    const { vector, label, bytes } = rowLayout(shape);
    const { m, efConstruction } = shape;
    const head = new DataView(new ArrayBuffer(headBytes));
    const numbers = [0, capacity, rows.length, bytes, label, vector];
    numbers.forEach((value, i) => {
      head.setBigUint64(i * 8, BigInt(value), true);
    });
    head.setInt32(48, (rows[entry]?.length ?? 1) - 1, true);
    head.setUint32(52, entry, true);
    [m, mostLinks(m, 0), m].forEach((value, i) => {
      head.setBigUint64(56 + i * 8, BigInt(value), true);
    });
    head.setFloat64(80, 1 / Math.log(m), true);
    head.setBigUint64(88, BigInt(Math.max(efConstruction, m)), true);
    this.#write(new Uint8Array(head.buffer));
  }

  /** The next rows' vectors, one after the other. */
  fill(vectors: Float32Array<ArrayBuffer>): void {
    const { dimensions } = this.#shape;
    const layout = rowLayout(this.#shape);
    const here = vectors.length / dimensions;
    const bytes = new Uint8Array(here * layout.bytes);
    const view = dataView(bytes);
    for (let i = 0; i < here; i++) {
      setLinks(view, i * layout.bytes, this.#rows[this.#row]?.[0] ?? []);
      const vector = vectors.subarray(i * dimensions, (i + 1) * dimensions);
      bytes.set(new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength), i * layout.bytes + layout.vector);
      view.setBigUint64(i * layout.bytes + layout.label, BigInt(this.#row), true);
      this.#row++;
    }
    this.#write(bytes);
  }

  /** Throws unless all rows were filled and the file is as long as it must be. */
  finish(): void {
    if (this.#row !== this.#rows.length) fail();
    const each = upperBytes(this.#shape.m);
    const length = this.#rows.reduce((sum, row) => sum + 4 + (row.length - 1) * each, 0);
    const bytes = new Uint8Array(length);
    const view = dataView(bytes);
    let at = 0;
    for (const [, ...upper] of this.#rows) {
      view.setUint32(at, upper.length * each, true);
      at += 4;
      for (const own of upper) {
        setLinks(view, at, own);
        at += each;
      }
    }
    this.#write(bytes);
    if (fstatSync(this.#descriptor).size !== this.#at) fail();
  }

  #write(bytes: Uint8Array): void {
    for (let done = 0; done < bytes.length; ) {
      const wrote = writeSync(this.#descriptor, bytes, done, bytes.length - done, this.#at);
      done += wrote;
      this.#at += wrote;
    }
  }
}

function linksAt(view: DataView, at: number): Uint32Array {
  return Uint32Array.from({ length: view.getUint16(at, true) }, (_, i) => view.getUint32(at + 4 + i * 4, true));
}

function setLinks(view: DataView, at: number, links: ArrayLike<number>): void {
  view.setUint16(at, links.length, true);
  for (let i = 0; i < links.length; i++) view.setUint32(at + 4 + i * 4, links[i] ?? 0, true);
}

function readAt(descriptor: number, position: number, length: number): Uint8Array {
  const bytes = new Uint8Array(Math.max(0, length));
  for (let done = 0; done < length; ) {
    const read = readSync(descriptor, bytes, done, length - done, position + done);
    if (read === 0) fail();
    done += read;
  }
  return length < 0 ? fail() : bytes;
}

function dataView({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}

function fail(): never {
  throw new Error("hnswlib's file is not whole: the disk may be full.");
}
