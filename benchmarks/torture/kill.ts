import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { type Backend, placeAt } from "../store/backends.js";
import { bundled } from "./bundled.js";
import { type Life, namespace, type Operation, space, type Told, templatesOf } from "./members.js";
import { Truth } from "./truth.js";

export interface KillResult {
  readonly store: string;
  readonly kills: number;
  /** Registrations, replacements and erasures of members that were acknowledged before their process was killed. */
  readonly acknowledged: number;
  readonly lost: number;
  readonly half: number;
  readonly disagreeing: number;
  /** Kills that came while the store was opening, and writes that were under way when one came. */
  readonly killedOpening: number;
  readonly cutOff: number;
  /** At the end. */
  readonly members: number;
  /** Of engines that build something to search: how often it was there when the store was compared. */
  readonly engines?: Readonly<Record<string, number>>;
  /** Of all openings after a kill, until the first search was answered. */
  readonly slowestOpenMs: number;
  readonly seconds: number;
}

interface Options {
  readonly name: string;
  readonly backend: Backend;
  readonly folder: string;
  readonly times: number;
  readonly onKill: (kills: number, truth: Truth) => void;
}

/** How long a process may write at most, from its opening: three of four are killed after that began, one before. */
const longestLifeMs = { file: 150, server: 600 };
const longestOpeningMs = 40;

/**
 * Kills a process that writes, opens its store, compares it with what was acknowledged, and goes on with the same store,
 * so that it grows. Stops at the first fault.
 */
export async function kill({ name, backend, folder, times, onKill }: Options): Promise<KillResult> {
  const started = performance.now();
  const script = await bundled("life");
  const place = placeAt(folder);
  const truth = new Truth();
  let [killedOpening, cutOffs, slowestOpenMs] = [0, 0, 0];
  const engines: Record<string, number> = {};
  let next = startLife(script, name, folder);
  let kills = 0;
  /** Writes that were cut off and were not there: a server may still have been at them. */
  let late: readonly Operation[] = [];
  try {
    while (kills < times && truth.faults.length === 0) {
      const current = next;
      await current.ready;
      const unsure = new Set(late.flatMap(({ members }) => members.map(([memberId]) => memberId)));
      const known = some(
        [...truth.members].filter(([memberId]) => !unsure.has(memberId)),
        24,
      );
      const opening = kills % 4 === 0;
      const longestMs = longestLifeMs[backend.server === undefined ? "file" : "server"];
      const told = await current.live({ name: String(kills), known }, opening, longestMs);
      kills++;
      // The next process starts while this one's work is looked at.
      next = startLife(script, name, folder);
      const failure = told.find(({ what }) => what === "failed");
      if (failure?.what === "failed") throw new Error(`the store failed before it was killed: ${failure.why}`);
      const { done, cutOff } = operationsIn(told);
      if (!told.some(({ what }) => what === "open")) killedOpening++;
      cutOffs += cutOff.length;
      for (const operation of done) truth.acknowledge(operation);
      const touched = new Set(done.flatMap(({ members }) => members.map(([memberId]) => memberId)));
      const before = performance.now();
      await using opened = await backend.open(place);
      await opened.store.open(space);
      await opened.store.search(namespace, [templatesOf("anyone", 1)[0]?.vector ?? new Float32Array()], { k: 1 });
      slowestOpenMs = Math.max(slowestOpenMs, performance.now() - before);
      const engine = await opened.engine?.(namespace);
      if (engine !== undefined) engines[engine] = (engines[engine] ?? 0) + 1;
      const absent = await truth.check(opened, [...cutOff, ...late], touched);
      late = absent.filter((operation) => !late.includes(operation));
      onKill(kills, truth);
    }
  } finally {
    next.end();
  }
  const { acknowledged, lost, half, disagreeing, members } = truth;
  const seconds = Math.round((performance.now() - started) / 1000);
  const opened = { slowestOpenMs: Math.round(slowestOpenMs), seconds };
  const faults = { lost, half, disagreeing };
  return {
    store: name,
    kills,
    acknowledged,
    ...faults,
    killedOpening,
    cutOff: cutOffs,
    members: members.size,
    ...(Object.keys(engines).length > 0 && { engines }),
    ...opened,
  };
}

interface RunningLife {
  readonly ready: Promise<unknown>;
  /** Lets it write, kills it at a random moment, and gives all that it told. */
  live(life: Life, whileOpening: boolean, longestMs: number): Promise<Told[]>;
  end(): void;
}

function startLife(script: string, name: string, folder: string): RunningLife {
  const child: ChildProcess = spawn(process.execPath, [script, name, folder], { stdio: ["pipe", "pipe", "inherit"] });
  const { stdin, stdout } = child;
  if (stdin === null || stdout === null) throw new Error("the process has no pipes");
  stdin.on("error", () => {
    // It was killed before it read.
  });
  const told: Told[] = [];
  const waiting = new Map<Told["what"], () => void>();
  const first = (what: Told["what"]): Promise<void> => new Promise((resolve) => waiting.set(what, resolve));
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const ready = Promise.race([
    first("ready"),
    ended.then(() => Promise.reject(new Error("a process ended before its turn"))),
  ]);
  // Of one that is ended without a turn, nobody asks.
  ready.catch(() => undefined);
  createInterface({ input: stdout }).on("line", (line) => {
    // The last line may be cut: what was not told whole was not told.
    if (!line.endsWith("}")) return;
    const each: Told = JSON.parse(line);
    told.push(each);
    waiting.get(each.what)?.();
  });
  return {
    ready,
    async live(life, whileOpening, longestMs) {
      const open = Promise.race([first("open"), first("failed"), ended]);
      stdin.write(`${JSON.stringify(life)}\n`);
      // Squared: as many soon after the beginning as later.
      const afterMs = whileOpening ? Math.random() * longestOpeningMs : Math.random() ** 2 * longestMs;
      if (!whileOpening) await open;
      await new Promise((resolve) => setTimeout(resolve, afterMs));
      child.kill("SIGKILL");
      await ended;
      return told;
    },
    end: () => void child.kill("SIGKILL"),
  };
}

function operationsIn(told: readonly Told[]): { readonly done: Operation[]; readonly cutOff: Operation[] } {
  const acknowledged = new Set(told.flatMap((each) => (each.what === "acknowledged" ? [each.number] : [])));
  const done: Operation[] = [];
  const cutOff: Operation[] = [];
  for (const each of told) {
    if (each.what === "try") (acknowledged.has(each.number) ? done : cutOff).push(each.operation);
  }
  return { done, cutOff };
}

function some<Item>(items: Item[], count: number): Item[] {
  return Array.from({ length: Math.min(count, items.length) }, () => {
    const [item] = items.splice(Math.floor(Math.random() * items.length), 1);
    return item === undefined ? [] : [item];
  }).flat();
}
