/** The script of a thread that scans: a part of the segments, those that it takes before the others do. */
import { Bank } from "./bank.js";
import { firstPass, type Stretch } from "./first-pass.js";
import { firstRow, segmentCapacity, segmentNumber } from "./gallery-layout.js";
import { nodeBuiltin } from "./node-builtins.js";
import type { FromThread, Scanned, ToThread } from "./scan-messages.js";
import { Segment } from "./segment.js";
import { Shortlist } from "./shortlist.js";

type Start = Extract<ToThread, { kind: "start" }>;
type Scan = Extract<ToThread, { kind: "scan" }>;

const banks: Bank[] = [];
let started: Start | undefined;

function handle(message: ToThread): void {
  if (message.kind === "start") {
    started = message;
    answer({ kind: "ready" }, []);
  } else if (started !== undefined && message.kind === "room") {
    banks.push(new Bank(started.module, message.memory, started.dimensions, message.desk));
  } else if (started !== undefined && message.kind === "scan") {
    const found = scan(message, started);
    const buffers = found.flatMap(({ rows, similarities }) => [rows.buffer, similarities.buffer]);
    answer({ kind: "scanned", found }, buffers);
  }
}

function scan({ queries, centre, k, size, rooms, addresses }: Scan, { dimensions, next }: Start): Scanned[] {
  const taken = new Map<number, Segment>();
  const counter = new Int32Array(next);
  function* stretches(): Generator<Stretch> {
    for (;;) {
      const number = Atomics.add(counter, 0, 1);
      const first = firstRow(number);
      const bank = banks[rooms[number] ?? 0];
      if (first >= size || bank === undefined) return;
      const segment = new Segment(bank, addresses[number] ?? 0, segmentCapacity(number), dimensions);
      taken.set(number, segment);
      yield { segment, firstRow: first, rows: Math.min(segment.capacity, size - first) };
    }
  }
  for (const bank of banks) bank.load(queries, centre);
  const lists = queries.map(() => new Shortlist(k));
  for (const _ of firstPass(stretches(), lists));
  return lists.map((list, query) => {
    const rows = Uint32Array.from(list.rows());
    const similarities = Float64Array.from(rows, (row) => {
      const number = segmentNumber(row);
      return taken.get(number)?.similarity(row - firstRow(number), query) ?? Number.NaN;
    });
    return { rows, similarities };
  });
}

const port = nodeBuiltin?.("node:worker_threads").parentPort;
function answer(message: FromThread, transfer: ArrayBuffer[]): void {
  if (port) port.postMessage(message, transfer);
  else globalThis.postMessage(message, { transfer });
}
if (port) port.on("message", handle);
else globalThis.addEventListener("message", ({ data }: MessageEvent<ToThread>) => handle(data));
