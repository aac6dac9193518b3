import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { folder, library } from "./library.js";

const fixtures = fileURLToPath(new URL("./fixtures/", import.meta.url));

interface Ended {
  /** The last line that was printed. */
  readonly said: string;
  /** Whether a signal, or an abort, ended the process. */
  readonly died: boolean;
  readonly code: number | null;
}

/** Runs a fixture in a process of its own, which may die. */
async function run(script: string, ...args: string[]): Promise<Ended> {
  const child = spawn(process.execPath, ["--import", "tsx", `${fixtures}${script}`, ...args], {
    cwd: fixtures,
    env: { ...process.env, TSX_TSCONFIG_PATH: `${fixtures}tsconfig.json` },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  let complaints = "";
  child.stdout.on("data", (text: Buffer) => {
    output += text;
  });
  child.stderr.on("data", (text: Buffer) => {
    complaints += text;
  });
  const [code, signal] = await new Promise<[number | null, string | null]>((resolve) =>
    child.once("close", (...how) => resolve(how)),
  );
  if (script === "child.ts" && code !== 0) console.error(complaints);
  return { said: output.trimEnd().split("\n").at(-1) ?? "", died: signal !== null, code };
}

/** What hnswlib-node does by itself. */
function raw(name: string): Promise<Ended> {
  return run("raw-hnswlib.ts", typeof library === "string" ? "" : library.path, name);
}

/** What our index does, in a process that must live. */
async function ours(name: string): Promise<unknown> {
  const { said, died, code } = await run("child.ts", name, folder ?? "");
  expect({ died, code }).toEqual({ died: false, code: 0 });
  return JSON.parse(said);
}

const all = 50;
/** What a graph answers with; recall and ef are those that it was measured at. */
const byGraph = { right: all, engine: "hnsw", ef: expect.any(Number), recall: expect.any(Number) };
const byExact = { right: all, engine: "exact" };
const rebuilt = { atOnce: byExact, later: byGraph };

describe.skipIf(typeof library === "string")(
  `what hnswlib-node dies of${typeof library === "string" ? `: ${library}` : ""}`,
  () => {
    test("a missing file, loaded into an object that holds an index", async () => {
      expect(await raw("a missing file loaded into an object that holds an index")).toMatchObject({ died: true });
      expect(await ours("missing")).toMatchObject({ restored: expect.stringMatching(/rejected/), ...rebuilt });
    });

    test("a cut file, loaded into an object that holds an index", async () => {
      expect(await raw("a cut file loaded into an object that holds an index")).toMatchObject({ died: true });
      expect(await ours("cut")).toEqual(
        Array.from({ length: 4 }, () =>
          expect.objectContaining({ restored: expect.stringMatching(/rejected/), ...rebuilt }),
        ),
      );
    });

    test("flipped bytes", async () => {
      expect(await raw("flipped bytes")).toMatchObject({ died: true });
      expect(await ours("flipped")).toEqual(Array.from({ length: 6 }, () => expect.objectContaining(rebuilt)));
    });

    test("loading while searching", async () => {
      expect(await ours("loading while searching")).toMatchObject({ allRight: true, ...byGraph });
      expect(await ours("opened while searching")).toMatchObject({ rejected: 0, ...byGraph });
    });

    test("a filter that throws", async () => {
      expect(await raw("a filter that throws")).toMatchObject({ died: true });
      expect(await ours("a filter that throws")).toMatchObject({ refused: "rejected", ...byGraph });
    });

    test("a thread that is ended at work", async () => {
      expect(await ours("dropped while searching")).toMatchObject(byGraph);
      for (const afterMs of [0, 60, 150, 400, 900, 1800]) {
        const ended = await run("child.ts", "the process ends", folder ?? "", `${afterMs}`);
        expect({ afterMs, ...ended }).toEqual({ afterMs, said: "", died: false, code: 0 });
      }
    });

    test("the end of a thread that holds an index", async () => {
      const told = {
        refused: expect.stringMatching(/^not-supported: .* main thread/),
        right: all,
        engine: "exact",
        reason: expect.stringMatching(/ main thread/),
      };
      expect(await ours("a thread of the user's is ended")).toEqual(
        Array.from({ length: 5 }, () => expect.objectContaining(told)),
      );
    });

    test("too little memory", async (context) => {
      if (process.platform !== "linux") return context.skip("a process that runs is limited only on Linux");
      expect(await raw("too little memory")).toMatchObject({ died: true });
      expect(await ours("too little memory")).toMatchObject({
        hits: 1,
        engine: "exact",
        reason: expect.stringMatching(/^the graph failed: .*Not enough memory/),
      });
    });

    test("m of 0 or 1", async () => {
      expect(await raw("m of 0")).toMatchObject({ died: true });
      expect(await raw("m of 1")).toMatchObject({ died: true });
      expect(await ours("m")).toMatchObject({
        refused: Array.from({ length: 10 }, () => expect.stringMatching(/^invalid-argument: (m|efConstruction) wants/)),
        engine: "hnsw",
      });
    });
  },
);

describe.skipIf(typeof library === "string")(
  `what hnswlib-node does not tell${typeof library === "string" ? `: ${library}` : ""}`,
  () => {
    test("that a folder is missing", async () => {
      expect(await raw("a folder that is missing")).toMatchObject({ said: "reported success" });
      expect(await ours("no place for files")).toMatchObject({ ...byGraph, again: { restored: 1200, ...rebuilt } });
    });

    test("that the disk is full", async (context) => {
      if (process.platform !== "linux" || process.getuid?.() !== 0) {
        return context.skip("mounting a small disk wants root on Linux");
      }
      expect(await raw("a full disk")).toMatchObject({ said: "reported success" });
      expect(await ours("a full disk")).toMatchObject({
        whileFull: byGraph,
        smaller: true,
        again: { restored: 1200, ...rebuilt },
        loadedFull: { restored: 1200, ...rebuilt },
      });
    });

    test("that a file is of other dimensions or another metric", async () => {
      expect(await raw("other dimensions and another metric")).toMatchObject({ said: "found 2" });
      expect(await ours("other dimensions and another metric")).toEqual({ restored: null, right: all, engine: "hnsw" });
      expect(await ours("another m")).toMatchObject({ restored: 1200, ...rebuilt });
    });

    test("that a vector is NaN", async () => {
      expect(await raw("NaN")).toMatchObject({ said: "found 2" });
      expect(await ours("NaN")).toMatchObject({
        refused: Array.from({ length: 3 }, () => expect.stringMatching(/^invalid-vector/)),
        ...byGraph,
      });
    });

    test("that labels wrap", async () => {
      expect(await raw("labels beyond 32 bits")).toMatchObject({ said: "holds 1 of 2" });
      expect(await ours("labels beyond 32 bits")).toEqual({ right: all, count: 1200, engine: "hnsw" });
    });

    test("that ef falls back to 10 on loading", async () => {
      expect(await raw("ef after loading")).toMatchObject({ said: "ef is 10" });
      const { before, ef, recall, right } = Object(await ours("ef after loading"));
      expect(before).toBeGreaterThanOrEqual(48);
      expect(ef).toBeGreaterThanOrEqual(48);
      expect(recall).toBeGreaterThanOrEqual(0.999);
      expect(right).toBe(all);
    });
  },
);
