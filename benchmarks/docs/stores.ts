import { readResults } from "../results.js";
import { isSkipped } from "../skipped.js";
import { isWriteFigures, type OpenFigures, type StoreFigures, type WriteFigures } from "../store/summary.js";
import { shown } from "./bars.js";
import { table } from "./table.js";

type Counts = Readonly<Record<"passed" | "failed" | "skipped", number>>;

/** What `FACEKIT_CONFORMANCE_RESULTS=1 npm test` kept. */
export interface ConformanceResults {
  /** ISO 8601. */
  readonly date: string;
  readonly commit: string;
  readonly node: string;
  /** Names and versions of the servers, by their names in scripts/servers.mjs. */
  readonly servers: Readonly<Record<string, string>>;
  /** Versions of engines that run in the process, by package. */
  readonly engines: Readonly<Record<string, string>>;
  /** By test file, and by the interface whose suite it was. */
  readonly modules: Readonly<Record<string, Readonly<Record<string, Counts>>>>;
}

export interface StoresResults {
  readonly conformance: ConformanceResults | undefined;
  readonly store: readonly StoreFigures[];
  readonly storeMeasuredOn: string;
}

interface Row {
  readonly title: string;
  readonly factory: string;
  readonly guarantees: string;
  /** Its name in store/backends.ts, where it is measured. */
  readonly backend?: string;
  /** Its conformance tests. */
  readonly tests: string;
  /** A server by its name in scripts/servers.mjs, or an engine by its package. */
  readonly testedOn: string;
  /** What stood beside it. */
  readonly with?: string;
}

const rows: readonly Row[] = [
  {
    title: "Memory",
    factory: "`memoryFaceRecords()`",
    guarantees: "all of the interface, as long as the process lives",
    backend: "memory",
    tests: "packages/conformance/test/core-adapters.test.ts",
    testedOn: "",
  },
  {
    title: "SQLite",
    factory: "`sqliteStore(file)`",
    guarantees:
      "acknowledged writes survive the process and a power cut; several processes of one machine; erased vectors are overwritten",
    backend: "sqlite",
    tests: "packages/store-sql/test/sqlite.test.ts",
    testedOn: "libsql",
  },
  {
    title: "PGlite",
    factory: "`postgresStore({ pglite })`",
    guarantees: "acknowledged writes survive the process; one process",
    backend: "pglite",
    tests: "packages/store-sql/test/pglite.test.ts",
    testedOn: "@electric-sql/pglite",
  },
  {
    title: "PostgreSQL",
    factory: "`postgresStore({ url })`",
    guarantees:
      "acknowledged writes survive the server, where it has `fsync` and `synchronous_commit` on; any number of processes and machines",
    backend: "postgres",
    tests: "packages/store-sql/test/postgres.test.ts",
    testedOn: "postgres",
  },
  {
    title: "MariaDB, MySQL",
    factory: "`mysqlStore({ url })`",
    guarantees:
      "acknowledged writes survive the server, where it has `innodb_flush_log_at_trx_commit` at 1; any number of processes and machines",
    backend: "mariadb",
    tests: "packages/store-sql/test/mariadb.test.ts",
    testedOn: "mariadb",
  },
  {
    title: "MongoDB",
    factory: "`mongodbStore({ url })`",
    guarantees: "acknowledged writes are on the disks of a majority; any number of processes and machines",
    backend: "mongodb",
    tests: "packages/store-mongodb/test/conformance.test.ts",
    testedOn: "ferretdb",
  },
  {
    title: "SQLite, HNSW",
    factory: '`index: "hnsw"`',
    guarantees:
      "as SQLite; searches find the wanted share of the nearest, measured against the exact index on a sample",
    backend: "sqlite-hnsw",
    tests: "packages/index-hnsw/test/conformance.test.ts",
    testedOn: "hnswlib-node",
  },
  {
    title: "pgvector",
    factory: "`pgvectorStore({ url })`",
    guarantees: "as PostgreSQL; the server searches, and its HNSW index proposes where a namespace is large",
    backend: "pgvector",
    tests: "packages/store-pgvector/test/conformance.test.ts",
    testedOn: "postgres",
  },
  {
    title: "MongoDB `$vectorSearch`",
    factory: "`mongodbVectorStore({ url })`",
    guarantees:
      "as MongoDB; the server's search index proposes, and what it does not hold yet is searched beside it, so nobody is registered twice",
    backend: "",
    tests: "packages/store-mongodb/test/vector-store.test.ts",
    testedOn: "ferretdb",
    with: "a `$vectorSearch` of our own",
  },
];

const begin = "<!-- Made by `npm run bench -- docs` from benchmarks/results; do not edit it. -->";
const end = "<!-- End of what is made. -->";

export async function storesResults(): Promise<StoresResults> {
  const kept = await readResults<{ store: readonly StoreFigures[] }>("store");
  const conformance = await readResults<ConformanceResults>("conformance");
  const { machine, date, commit } = kept ?? {};
  const on = machine === undefined ? "" : `${machine.processor}, ${machine.cores} cores, Node ${machine.node}`;
  return {
    conformance,
    store: kept?.store ?? [],
    storeMeasuredOn: `${date?.slice(0, 10)} at commit \`${commit}\`: ${on}`,
  };
}

/** The page with its tables made anew; what was written by hand around them stays. */
export function storesPage(page: string, results: StoresResults): string {
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from === -1 || to < from) throw new Error(`docs/stores.md has lost its marks "${begin}" and "${end}".`);
  return `${page.slice(0, from)}${begin}\n\n${tablesOf(results).join("\n\n")}\n\n${page.slice(to)}`;
}

function tablesOf({ conformance, store, storeMeasuredOn }: StoresResults): string[] {
  const { date, commit, node } = conformance ?? {};
  return [
    "### What is guaranteed, and on what it was tested",
    conformance === undefined
      ? "The conformance suites were not run with their results kept."
      : `The conformance suites of \`npm test\` on ${date?.slice(0, 10)} at commit \`${commit}\`, Node ${node}.`,
    table(
      ["store", "opened by", "guaranteed", "tested on", "passed", "failed", "skipped"],
      rows.map((row) => {
        const counts = conformance === undefined ? undefined : countsOf(conformance.modules[row.tests]);
        const { passed, failed, skipped } = counts ?? { passed: 0, failed: 0, skipped: 0 };
        const tested = counts === undefined || passed + failed === 0 ? "not tested there" : testedOn(row, conformance);
        return [row.title, row.factory, row.guarantees, tested, String(passed), String(failed), String(skipped)];
      }),
      4,
    ),
    "### How fast they are",
    `Templates of 512 numbers, the exact index over the records where none is named, servers on the same machine. Measured on ${storeMeasuredOn}.`,
    table(
      [
        "store",
        "a registration, ms (mean)",
        "registrations a second, one by one",
        "in batches of 100",
        "100,000 templates opened, ms",
        "a search in them, ms",
        "memory of the process with them, MiB",
      ],
      rows.map((row) => [row.title, ...speedsOf(store.filter(({ backend }) => backend === row.backend))]),
    ),
    ...skippedOf(store),
  ];
}

function countsOf(suites: ConformanceResults["modules"][string] | undefined): Counts | undefined {
  if (suites === undefined) return undefined;
  const all = Object.values(suites);
  const sum = (what: keyof Counts): number => all.reduce((total, counts) => total + counts[what], 0);
  return { passed: sum("passed"), failed: sum("failed"), skipped: sum("skipped") };
}

function testedOn({ testedOn: name, with: beside }: Row, conformance: ConformanceResults | undefined): string {
  if (name === "") return "";
  const engine = conformance?.engines[name];
  const own = engine === undefined ? "a server of the user's own" : `${name} ${engine}`;
  return `${conformance?.servers[name] ?? own}${beside === undefined ? "" : `, with ${beside}`}`;
}

function speedsOf(figures: readonly StoreFigures[]): string[] {
  const measured = figures.filter((each): each is WriteFigures | OpenFigures => !isSkipped(each));
  const written = (batch: number): WriteFigures | undefined =>
    measured.filter(isWriteFigures).find((each) => each.batch === batch);
  const opened = measured.filter((each): each is OpenFigures => !isWriteFigures(each) && each.count === 100_000);
  const fastest = opened.find(({ from }) => from === "snapshot") ?? opened[0];
  const [single, batches] = [written(1), written(100)];
  return [
    single === undefined ? "" : shown(1000 / single.perSecond),
    single === undefined ? "" : shown(single.perSecond),
    batches === undefined ? "" : shown(batches.perSecond),
    fastest === undefined ? "" : `${shown(fastest.openMs)}${fastest.from === "snapshot" ? " (snapshot)" : ""}`,
    fastest?.searchMs === undefined ? "" : shown(fastest.searchMs),
    fastest === undefined ? "" : shown(fastest.memoryMiB),
  ];
}

function skippedOf(figures: readonly StoreFigures[]): string[] {
  const skipped = figures.flatMap((each) => (isSkipped(each) ? [`- ${each.backend}: ${each.skipped}`] : []));
  return skipped.length === 0 ? [] : [["Not measured:", "", ...skipped].join("\n")];
}
