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
    scan(message, started);
  }
}

function scan({ call, next, queries, centre, k, size, rooms, addresses }: Scan, { dimensions }: Start): void {
  const taken = new Map<number, Segment>();
  const counter = new Int32Array(next);
  // The others have done it all before this thread came to run.
  if (Atomics.load(counter, 0) >= addresses.length) return;
  function* stretches(): Generator<Stretch> {
    for (;;) {
      const number = Atomics.add(counter, 0, 1);
      const bank = banks[rooms[number] ?? 0];
      const address = addresses[number];
      if (address === undefined || bank === undefined) return;
      const segment = new Segment(bank, address, segmentCapacity(number), dimensions);
      taken.set(number, segment);
      const first = firstRow(number);
      yield { segment, firstRow: first, rows: Math.min(segment.capacity, size - first) };
    }
  }
  for (const bank of banks) bank.load(queries, centre);
  const lists = queries.map(() => new Shortlist(k));
  for (const _ of firstPass(stretches(), lists));
  const found = lists.map((list, query): Scanned => {
    const rows = Uint32Array.from(list.rows());
    const similarities = Float64Array.from(rows, (row) => {
      const number = segmentNumber(row);
      return taken.get(number)?.similarity(row - firstRow(number), query) ?? Number.NaN;
    });
    return { rows, similarities };
  });
  const buffers = found.flatMap(({ rows, similarities }) => [rows.buffer, similarities.buffer]);
  if (taken.size > 0) answer({ kind: "scanned", call, segments: taken.size, found }, buffers);
}

const port = nodeBuiltin?.("node:worker_threads").parentPort;
function answer(message: FromThread, transfer: ArrayBuffer[]): void {
  if (port) port.postMessage(message, transfer);
  else globalThis.postMessage(message, { transfer });
}
if (port) port.on("message", handle);
else globalThis.addEventListener("message", ({ data }: MessageEvent<ToThread>) => handle(data));
