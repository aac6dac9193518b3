import type { FolderFigures, PipelineFigures } from "../pipeline/summary.js";
import { type Results, readResults } from "../results.js";
import type { Crossover } from "../search/crossover.js";
import type { SearchFigures, Skipped as SkippedSearch } from "../search/summary.js";
import { isSkipped, measuredOf, type Skipped } from "../skipped.js";
import type { StartupFigures } from "../startup/summary.js";
import { isWriteFigures, type OpenFigures, type StoreFigures, type WriteFigures } from "../store/summary.js";
import { type Bar, barPlot, shown } from "./bars.js";
import { table } from "./table.js";

type SkippedContender = Skipped & { readonly contender: string };

/** What `npm run bench -- …` kept, as far as it was run. */
export interface AllResults {
  readonly pipeline?: (Results & PipelineResults) | undefined;
  readonly search?: (Results & SearchResults) | undefined;
  readonly crossover?: (Results & SearchResults & { readonly crossovers: readonly Crossover[] }) | undefined;
  readonly startup?: (Results & { readonly startup: readonly (StartupFigures | SkippedContender)[] }) | undefined;
  readonly store?: (Results & { readonly store: readonly StoreFigures[] }) | undefined;
}

interface PipelineResults {
  readonly photos: "real" | "drawn";
  readonly pipeline: readonly (PipelineFigures | SkippedContender)[];
  readonly folder: readonly (FolderFigures | SkippedContender)[];
}

interface SearchResults {
  readonly search: readonly (SearchFigures | SkippedSearch)[];
}

/** Of benchmarks/results. */
export async function allResults(): Promise<AllResults> {
  return {
    pipeline: await readResults("pipeline"),
    search: await readResults("search"),
    crossover: await readResults("crossover"),
    startup: await readResults("startup"),
    store: await readResults("store"),
  };
}

export interface Page {
  readonly markdown: string;
  /** SVG by file name; they lie in docs/benchmarks. */
  readonly plots: Readonly<Record<string, string>>;
}

const intro = `# Benchmarks

Written by \`npm run bench -- docs\` from \`benchmarks/results\`; do not edit it. [benchmarks/README.md](../benchmarks/README.md)
says how to run them and by which rules contenders are compared. Figures are medians, with the least and the most
measured; in the plots bars are medians, lines go from the least to the most, and ours are green. They are those of
the machine that is named, and of no other.`;

const setTitles = {
  portraits: "Portraits",
  groups: "Group photos",
  phone: "Large photos",
} as const;
const setTexts = {
  portraits: "Small photos of mostly one person. The largest face is looked up.",
  groups: "About 800 pixels wide, 2 to 8 people. Every face is looked up.",
  phone:
    "Photos as cameras give them, 12 and 20 million pixels. The largest face is looked up. A photo is decoded small, and once more as a whole where a face of it is small: “decoding” is both.",
} as const;

/** Tables and plots of what was measured. The same results give the same bytes. */
export function benchmarksPage(results: AllResults): Page {
  const plots: Record<string, string> = {};
  const plot = (name: string, title: string, axis: string, bars: readonly Bar[]): string[] => {
    if (bars.length === 0) return [];
    plots[`${name}.svg`] = barPlot({ title, axis, bars });
    return [`![${title}](benchmarks/${name}.svg)`];
  };
  const parts = [
    intro,
    ...(results.pipeline === undefined ? [] : pipelineSection(results.pipeline, plot)),
    ...(results.search === undefined ? [] : searchSection(results.search, plot)),
    ...(results.crossover === undefined ? [] : crossoverSection(results.crossover)),
    ...(results.startup === undefined ? [] : startupSection(results.startup, plot)),
    ...(results.store === undefined ? [] : storeSection(results.store)),
  ];
  return { markdown: `${parts.join("\n\n")}\n`, plots };
}

type AddPlot = (name: string, title: string, axis: string, bars: readonly Bar[]) => string[];

function pipelineSection(results: Results & PipelineResults, plot: AddPlot): string[] {
  const { pipeline, folder, photos } = results;
  const figures = measuredOf(pipeline);
  const sets = [...new Set(figures.map((each) => each.photos))];
  return [
    "## From a photo to members",
    "From the bytes of a photo to the members on it, one photo at a time: decoding, detection, landmarks, embedding and " +
      "search in a small gallery. “Over bare” is the whole time over what no pipeline can save: decoding, and the same " +
      "nets run directly on the very tensors that they were given. “Faces” are those that were found, so that nobody is " +
      "quick by finding nothing." +
      (photos === "drawn" ? " The people were drawn: no photos were at hand." : ""),
    measuredOn(results),
    ...sets.flatMap((set) => {
      const of = figures.filter((each) => each.photos === set);
      return [
        `### ${setTitles[set]}`,
        setTexts[set],
        ...plot(
          `pipeline-${set}`,
          `Milliseconds a photo, ${setTitles[set].toLowerCase()}`,
          "milliseconds a photo",
          of.map(({ contender, msPerPhoto, minMs, maxMs }) => bar(contender, msPerPhoto, minMs, maxMs)),
        ),
        table(
          [
            "contender",
            "threads",
            "ms a photo",
            "times face-api",
            "over bare",
            "decoding, ms",
            "bare nets, ms",
            "faces",
          ],
          of.map((each) => [
            each.contender,
            String(each.threads),
            range(each.msPerPhoto, each.minMs, each.maxMs),
            optional(each.ratioToFaceApi),
            optional(each.overBareInference),
            optional(each.decodeMs),
            optional(each.inferenceMs),
            String(each.faces),
          ]),
        ),
      ];
    }),
    ...skippedList(pipeline),
    "### A folder of photos",
    "The same photos four times over, given to one call of `takeAttendance`. “Cores busy” is processor time over time.",
    table(
      ["contender", "workers", "photos a second", "times one worker", "cores busy"],
      measuredOf(folder).map((each) => [
        each.contender,
        String(each.workers),
        range(each.photosPerSecond, each.minPerSecond, each.maxPerSecond),
        optional(each.ratioToOneWorker),
        shown(each.coresBusy),
      ]),
    ),
    ...skippedList(folder),
  ];
}

function searchSection(results: Results & SearchResults, plot: AddPlot): string[] {
  const nameOf = ({ count, dimensions, data }: SearchFigures | SkippedSearch): string =>
    `${shown(count)} templates × ${dimensions}, ${data}`;
  const galleries = [...new Set(results.search.map(nameOf))];
  return [
    "## Search",
    "The ten nearest of all templates. Recall is the share of hits that belong to the ten best of a comparison in 64-bit " +
      "numbers. A batch's time is that of one of its queries. “While registering” is a single query with 100 registrations " +
      "a second between: median and 99th percentile.",
    measuredOn(results),
    ...galleries.flatMap((gallery) => {
      const all = results.search.filter((each) => nameOf(each) === gallery);
      const figures = measuredOf(all);
      // The small galleries are for recall; the naive loop would make all other bars short.
      const drawn = figures.filter(
        ({ count, batch, contender }) => count > 10_000 && batch === 1 && contender !== "naive JavaScript",
      );
      const [{ count, dimensions, data } = { count: 0, dimensions: 0, data: "uniform" }] = drawn;
      const isBuilt = figures.some(({ buildMs }) => buildMs !== undefined);
      return [
        `### ${gallery}`,
        ...plot(
          `search-${count}x${dimensions}${data === "clustered" ? "-clustered" : ""}`,
          `Milliseconds a query, ${gallery}`,
          "milliseconds a query, one at a time",
          drawn.map(({ contender, queryMs, minMs, maxMs }) => bar(contender, queryMs, minMs, maxMs)),
        ),
        table(
          [
            "contender",
            "batch",
            "ms a query",
            "times naive",
            "recall",
            "while registering, ms",
            ...(isBuilt ? ["ready in, s", "ef", "added, erased a second"] : []),
          ],
          figures.map((each) => [
            each.contender,
            String(each.batch),
            range(each.queryMs, each.minMs, each.maxMs),
            optional(each.ratioToNaive),
            each.recall === null ? "" : recallOf(each),
            each.registering === undefined
              ? ""
              : `${shown(each.registering.medianMs)}, ${shown(each.registering.p99Ms)}`,
            ...(isBuilt
              ? [
                  each.buildMs === undefined ? "" : shown(each.buildMs / 1000),
                  each.ef === undefined ? "" : String(each.ef),
                  each.addsPerSecond === undefined
                    ? ""
                    : `${shown(each.addsPerSecond)}, ${shown(each.erasuresPerSecond ?? 0)}`,
                ]
              : []),
          ]),
        ),
        ...skippedList(all),
      ];
    }),
  ];
}

function crossoverSection(results: Results & SearchResults & { readonly crossovers: readonly Crossover[] }): string[] {
  const singles = measuredOf(results.search).filter(({ batch }) => batch === 1);
  const graphs = singles.filter(({ contender }) => contender === "index-hnsw");
  return [
    "### From where on a graph is faster",
    "One query at a time, on all cores. An exact search takes time in proportion to the " +
      "templates, a graph in proportion to their logarithm; the lines that fit best meet at the crossover. What `index: " +
      '"auto"` makes of it is in [crossover.ts](../packages/index-hnsw/src/crossover.ts).',
    measuredOn(results),
    table(
      ["dimensions", "data", "faster from, templates"],
      results.crossovers.map(({ dimensions, data, templates }) => [
        String(dimensions),
        data,
        templates === undefined ? "no size" : shown(templates),
      ]),
    ),
    table(
      ["templates", "exact, ms", "graph, ms", "recall of the graph", "graph ready in, s"],
      graphs.map((graph) => {
        const exact = singles.find(
          ({ contender, count, dimensions }) =>
            contender === "index-exact" && count === graph.count && dimensions === graph.dimensions,
        );
        return [
          `${shown(graph.count)} × ${graph.dimensions}`,
          exact === undefined ? "" : range(exact.queryMs, exact.minMs, exact.maxMs),
          range(graph.queryMs, graph.minMs, graph.maxMs),
          recallOf(graph),
          graph.buildMs === undefined ? "" : shown(graph.buildMs / 1000),
        ];
      }),
    ),
  ];
}

/** An approximate contender is tuned for queries near a row; what strangers are nearest to matters less. */
function recallOf({ recall, recallOfMembers }: SearchFigures): string {
  const isSame = recallOfMembers === undefined || recallOfMembers === recall;
  return `${recall}${isSame ? "" : ` (${recallOfMembers} of members)`}`;
}

function startupSection(
  results: Results & { readonly startup: readonly (StartupFigures | SkippedContender)[] },
  plot: AddPlot,
): string[] {
  const figures = measuredOf(results.startup);
  return [
    "## From the start of a process to its first answer",
    "Imports, model loading and one small photo, with files in the system's cache and models on the disk. Memory is that " +
      "of the whole process after the answer.",
    measuredOn(results),
    ...plot(
      "startup",
      "Milliseconds to the first answer",
      "milliseconds from the start of the process to the first answer",
      figures.map(({ contender, firstAnswerMs, minMs, maxMs }) => bar(contender, firstAnswerMs, minMs, maxMs)),
    ),
    table(
      ["contender", "first answer, ms", "models loaded, ms", "memory, MiB"],
      figures.map((each) => [
        each.contender,
        range(each.firstAnswerMs, each.minMs, each.maxMs),
        shown(each.readyMs),
        shown(each.memoryMiB),
      ]),
    ),
    ...skippedList(results.startup),
  ];
}

function storeSection(results: Results & { readonly store: readonly StoreFigures[] }): string[] {
  const figures = results.store.filter((each): each is WriteFigures | OpenFigures => !("skipped" in each));
  const opened = figures.filter((each): each is OpenFigures => !isWriteFigures(each));
  return [
    "## Stores",
    "Registrations a second, each call acknowledged, and so durable where the store is, before the next begins; and how long " +
      "a fresh process takes to open a full store and answer one search, with the memory that it then holds.",
    measuredOn(results),
    table(
      ["store", "dimensions", "templates a call", "registrations a second"],
      figures
        .filter(isWriteFigures)
        .map((each) => [
          each.backend,
          String(each.dimensions),
          String(each.batch),
          range(each.perSecond, each.minPerSecond, each.maxPerSecond),
        ]),
    ),
    table(
      ["store", "templates", "opened from", "ms to the first search", "memory, MiB", "database, MiB"],
      opened.map((each) => [
        each.backend,
        `${shown(each.count)} × ${each.dimensions}`,
        each.from,
        range(each.openMs, each.minMs, each.maxMs),
        shown(each.memoryMiB),
        shown(each.fileMiB),
      ]),
    ),
    ...skippedList(
      results.store.flatMap((each) => ("skipped" in each ? [{ contender: each.backend, skipped: each.skipped }] : [])),
    ),
  ];
}

function measuredOn({ machine, date, commit, loadBefore }: Results): string {
  const { processor, cores, memoryGiB, system, node } = machine;
  const at = commit === undefined ? "" : ` at commit \`${commit}\``;
  const load = loadBefore === undefined ? "" : `, load average before ${loadBefore.toFixed(1)}`;
  return `Measured on ${date.slice(0, 10)}${at}: ${processor}, ${cores} cores, ${memoryGiB} GiB, ${system}, Node ${node}${load}.`;
}

function bar(label: string, value: number, min: number, max: number): Bar {
  return { label, value, min, max, ours: /^(?:facekit|index-|store-)/.test(label) };
}

function skippedList(figures: readonly object[]): string[] {
  const skipped = figures.filter((each): each is SkippedContender => isSkipped(each) && "contender" in each);
  if (skipped.length === 0) return [];
  return [["Not measured:", "", ...skipped.map(({ contender, skipped: why }) => `- ${contender}: ${why}`)].join("\n")];
}

function range(median: number, min: number, max: number): string {
  return `${shown(median)} (${shown(min)}–${shown(max)})`;
}

function optional(value: number | null | undefined): string {
  return value === null || value === undefined ? "" : shown(value);
}
