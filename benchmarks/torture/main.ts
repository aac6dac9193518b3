/**
 * Stores under violence: `npm run torture -- kill [--store sqlite] [--times 1000] [--json]`.
 *
 * `kill` ends a process that registers, replaces and erases members with SIGKILL, at a random moment, and counts what of
 * the acknowledged is not there, again and again over the same store. `namespaces` fills 10,000 of them (`--times N`).
 * `damage` flips a bit of every byte and cuts the files at every length (`--times N`: at N places of each file).
 * That is for stores in files. `reconcile` fills an SQLite file with a million members (`--members N`) and has all that does not
 * agree found and repaired. With --json the last line of stdout is one object. Exit status 1 where something was lost; the folder then stays.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { checkNumber } from "@facekit/core";
import { type Backend, backends, missing, placeAt } from "../store/backends.js";
import { damage } from "./damage.js";
import { kill } from "./kill.js";
import { manyNamespaces } from "./namespaces.js";
import { reconcileMany } from "./reconcile.js";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    store: { type: "string", default: "sqlite" },
    times: { type: "string" },
    members: { type: "string" },
    json: { type: "boolean", default: false },
  },
});

const tortures = {
  kill: { times: 1000, run: killing },
  namespaces: { times: 10_000, run: filling },
  damage: { times: undefined, run: damaging },
  reconcile: { times: 1_000_000, run: reconciling },
};
/** What the process of `reconcile` may hold at most, however many members there are. */
const reconcileMb = 512;
type Outcome = { readonly figures: object; readonly faults: readonly string[] };

process.exitCode = await main();

async function main(): Promise<number> {
  const [name = ""] = positionals;
  const torture = isTorture(name) ? tortures[name] : undefined;
  const backend = backends[values.store];
  const persistent = Object.keys(backends).filter((each) => backends[each]?.persistent);
  if (torture === undefined || backend?.persistent !== true) {
    process.stderr.write(
      `npm run torture -- ${Object.keys(tortures).join("|")} --store ${persistent.join("|")} [--times N] [--members N] [--json]\n`,
    );
    return 2;
  }
  const why = missing(backend);
  if (why !== undefined) {
    process.stderr.write(`${values.store}: ${why.replace("npm run bench -- store", `npm run torture -- ${name}`)}\n`);
    return 2;
  }
  if (name === "damage" && !backend.inFiles) {
    process.stderr.write(`${values.store} keeps no files of its own that could be damaged.\n`);
    return 2;
  }
  if (name === "reconcile" && values.store !== "sqlite") {
    process.stderr.write("reconcile fills SQLite files alone.\n");
    return 2;
  }
  const wanted = name === "reconcile" ? values.members : values.times;
  const times = wanted === undefined ? torture.times : Number(wanted);
  if (times !== undefined)
    checkNumber(name === "reconcile" ? "--members" : "--times", times, { min: 1, max: 1_000_000, integer: true });
  const folder = await mkdtemp(join(process.env.FACEKIT_BENCH_SCRATCH ?? tmpdir(), "facekit-torture-"));
  let keep = true;
  try {
    const { figures, faults } = await torture.run(backend, folder, times ?? 0);
    keep = faults.length > 0;
    for (const fault of faults) process.stderr.write(`${fault}\n`);
    const lines = Object.entries(figures).map(([what, value]) => `${what}: ${value}`);
    process.stdout.write(values.json ? `${JSON.stringify(figures)}\n` : `${lines.join("\n")}\n`);
    return keep ? 1 : 0;
  } finally {
    if (keep) process.stderr.write(`The store is kept in ${folder}\n`);
    else {
      await backend.drop?.(placeAt(folder));
      await rm(folder, { recursive: true, force: true });
    }
  }
}

async function killing(backend: Backend, folder: string, times: number): Promise<Outcome> {
  const faults: string[] = [];
  const figures = await kill({
    name: values.store,
    backend,
    folder,
    times,
    onKill(kills, truth) {
      faults.splice(0, faults.length, ...truth.faults);
      if (kills % 50 === 0) process.stderr.write(`${kills} kills, ${truth.members.size} members\n`);
    },
  });
  return { figures, faults };
}

async function filling(backend: Backend, folder: string, times: number): Promise<Outcome> {
  const { faults, ...figures } = await manyNamespaces(values.store, backend, folder, times);
  return { figures, faults };
}

async function damaging(_: Backend, __: string, times: number): Promise<Outcome> {
  const { faults, ...figures } = await damage(values.store, times > 0 ? times : undefined);
  return { figures, faults };
}

async function reconciling(_: Backend, folder: string, members: number): Promise<Outcome> {
  const { faults, ...figures } = await reconcileMany(folder, members);
  const { peakMb } = figures;
  const over =
    peakMb > reconcileMb ? [`${peakMb} MB were held, and however many members there are, ${reconcileMb} must do`] : [];
  return { figures, faults: [...faults, ...over] };
}

function isTorture(name: string): name is keyof typeof tortures {
  return Object.hasOwn(tortures, name);
}
