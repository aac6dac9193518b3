import type { IndexSearchOptions, IndexSearchResult, Progress, SearchChoice } from "@facekit/core";
import type { ExactIndex, Rows } from "@facekit/index-exact";
import { Graph, mostOutside } from "./graph.js";
import type { GraphSetup } from "./graph-messages.js";
import type { RowKey } from "./graph-rows.js";
import type { Links } from "./links.js";
import type { KeptGraph } from "./snapshot.js";
import { chooseEf, hitsMeasured, sampleOf, type Tuning } from "./tuning.js";

/** More hits than this are the exact index's: the graph's recall was measured on ten, and wants more candidates for more. */
const mostHits = 100;

/** A graph of which more than this share was removed is built anew: searches walk over what is gone. */
const mostDead = 0.2;

/** The recall is measured again when the namespace has grown by this. */
const growthToMeasureAgain = 1.5;

/** A graph that was of no use is tried again when the namespace has grown by this. */
const growthToTryAgain = 2;

/** How many times each engine is timed. */
const timings = 15;

export interface NamespaceSetup {
  readonly exact: ExactIndex;
  readonly namespace: string;
  readonly graph: Omit<GraphSetup, "capacity" | "state">;
  /** Fewer rows than this are searched exactly. */
  readonly exactBelow: number;
  readonly recall: number;
  /** Whether the exact index stays where it is measured to be faster. */
  readonly onlyIfFaster: boolean;
  /** One graph is built at a time, whatever the number of namespaces. */
  readonly inTurn: <Result>(work: () => Promise<Result>) => Promise<Result>;
  /** Nothing is left to search: with the next row another may take its place. */
  readonly onEmpty: (search: NamespaceSearch) => void;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
  readonly onChoice?: ((choice: SearchChoice) => void) | undefined;
}

/** A graph that was measured, and how it is to be searched. */
interface Ready {
  readonly graph: Graph;
  readonly tuning: Tuning;
  /** How many rows there were when it was measured. */
  readonly size: number;
}

/** Why a graph is not searched. */
interface Unfit {
  readonly reason: string;
  /** Another one would be as slow. */
  readonly isSlow: boolean;
}

export interface Kept extends KeptGraph {
  /** Whether none of its rows changed since: a mean does without that any template is rewritten. */
  isCurrent(): Promise<boolean>;
}

/**
 * How one namespace is searched: by the exact index while it is small and while there is no graph, by the graph when it is
 * built and measured. All work on graphs is done in the background.
 */
export class NamespaceSearch {
  readonly #setup: NamespaceSetup;
  #ready: Ready | undefined;
  /** The graph that is being built. */
  #next: Graph | undefined;
  #working: Promise<void> | undefined;
  #again = false;
  /** Whether a graph was built that is not saved. */
  isUnsaved = false;
  #ended = false;
  /** Why there is no graph, and up to which size. */
  #givenUp: { readonly reason: string; readonly below: number } | undefined;
  #choice: SearchChoice;

  constructor(setup: NamespaceSetup) {
    this.#setup = setup;
    this.#choice = this.#exactly(0, "it holds nothing");
  }

  get choice(): SearchChoice {
    return this.#choice;
  }

  /** Fulfils when nothing is left to do in the background. */
  async settled(): Promise<void> {
    // Threads that build keep no process alive.
    const alive = setInterval(() => undefined, 60_000);
    try {
      while (this.#working !== undefined) await this.#working;
    } finally {
      clearInterval(alive);
    }
  }

  /** To be called when rows were added or removed. */
  consider(): void {
    if (this.#ended) return;
    this.#again = true;
    this.#background(() => this.#work());
  }

  async search(queries: readonly Float32Array[], options: IndexSearchOptions): Promise<IndexSearchResult | undefined> {
    const { k, memberIds, signal } = options;
    if (this.#ready === undefined || this.#ready.graph.isBusy) return undefined;
    if (memberIds !== undefined || k > mostHits || queries.length === 0) return undefined;
    const { graph, tuning } = this.#ready;
    // Nor asked: it would answer behind all that is being added.
    if (graph.fresh > mostOutside(Number.POSITIVE_INFINITY)) return undefined;
    const ef = Math.ceil(tuning.ef * Math.max(1, k / hitsMeasured));
    try {
      const found = await graph.search(queries, k, ef, this.#note);
      signal?.throwIfAborted();
      return found;
    } catch {
      signal?.throwIfAborted();
      if (this.#ready?.graph === graph) this.#ready = undefined;
      await graph.end();
      this.consider();
      return undefined;
    }
  }

  /** The graph, to be kept. Undefined where there is none. */
  async kept(): Promise<Kept | undefined> {
    this.isUnsaved = false;
    // What was replaced has counted as a rewrite already, and the graph may not know of it.
    await this.#look(() => undefined);
    const graph = this.#ready?.graph;
    const links = await graph?.links();
    if (graph === undefined || links === undefined) return undefined;
    const isCurrent = async (): Promise<boolean> => {
      await this.#look(() => undefined);
      return this.#ready?.graph === graph && graph.dead === links.dead;
    };
    return { namespace: this.#setup.namespace, links: links.links, keys: links.keys, isCurrent };
  }

  /**
   * Takes a graph up that was kept; where it does not fit, one is built. Fulfils when it would notice changes: a graph whose
   * rows changed before that would be taken for what they are now.
   */
  async restore({ links, keys }: KeptGraph): Promise<void> {
    if (this.#working !== undefined) return;
    this.#again = true;
    const begun = this.#beginKept(keys).catch(() => undefined);
    this.#background(async () => {
      const graph = await begun;
      if (graph !== undefined) await this.#inTurn(() => this.#load(graph, links));
      await this.#work();
    });
    await begun;
  }

  async end(): Promise<void> {
    this.#ended = true;
    await this.#drop();
  }

  #background(work: () => Promise<void>): void {
    this.#working ??= work()
      // What fails is told in `choice`; what is left is an index that was closed.
      .catch(() => undefined)
      .finally(() => {
        this.#working = undefined;
        if (this.#again) this.consider();
      });
  }

  async #work(): Promise<void> {
    while (this.#again && !this.#ended) {
      this.#again = false;
      const size = (await this.#look((rows) => rows.size).catch(() => undefined)) ?? 0;
      if (this.#ended) return;
      const { exactBelow } = this.#setup;
      // Not dropped at once, or a namespace of just this size would be built again and again.
      if (size < (this.#ready === undefined ? exactBelow : exactBelow / 2)) {
        await this.#drop();
        this.#choose(this.#exactly(size, `it holds ${size} templates and means; a graph begins at ${exactBelow}`));
      } else if (this.#ready?.graph.thread.isAlive && this.#ready.graph.deadShare <= mostDead) {
        await this.#keepUp(this.#ready, size);
      } else if (this.#givenUp === undefined || size >= this.#givenUp.below) {
        await this.#inTurn(() => this.#build());
      }
      if (size === 0 && !this.#again) this.#setup.onEmpty(this);
    }
  }

  /** Adds to the graph what is outside of it, and measures it again when it has grown. */
  async #keepUp(ready: Ready, size: number): Promise<void> {
    await this.#orGiveUp(async () => {
      await ready.graph.feed(mostOutside(size), "serving", this.#note);
      if (size < ready.size * growthToMeasureAgain) return;
      await this.#inTurn(async () => {
        await this.#takeAgain(ready.graph);
      });
    });
  }

  async #beginKept(keys: readonly RowKey[]): Promise<Graph | undefined> {
    const size = await this.#look((rows) => rows.size);
    return size === undefined || size < this.#setup.exactBelow ? undefined : this.#begin(size, keys);
  }

  async #load(graph: Graph, links: Links): Promise<void> {
    const fits = await graph.load(links, this.#note).then(
      () => true,
      () => false,
    );
    if (!fits) return this.#drop();
    await graph.feed(0, "building", this.#note);
    await this.#takeAgain(graph);
  }

  async #build(): Promise<void> {
    const { namespace, onProgress } = this.#setup;
    const total = await this.#look((rows) => rows.size);
    if (total === undefined) return;
    const graph = await this.#begin(total);
    let done = 0;
    const tell = (added: number): void => {
      done += added;
      onProgress?.({ task: `graph of "${namespace}"`, done: Math.min(done, total), total });
    };
    tell(0);
    await graph.feed(0, "building", this.#note, tell);
    const unfit = await this.#take(graph);
    if (unfit === undefined) this.isUnsaved = true;
    else await this.#giveUp(total, unfit.reason);
  }

  /** Measures a graph that was built for fewer rows. Where it does not find enough, another is built. */
  async #takeAgain(graph: Graph): Promise<void> {
    const unfit = await this.#take(graph);
    if (unfit?.isSlow) await this.#giveUp((await this.#look((rows) => rows.size)) ?? 0, unfit.reason);
    else if (unfit !== undefined) {
      await this.#drop();
      this.#again = true;
    }
  }

  /** An empty graph of all rows, which is told of changes from now on. `known`: those that it will hold, by label. */
  async #begin(size: number, known: readonly RowKey[] = []): Promise<Graph> {
    const { exact, namespace, graph: setup } = this.#setup;
    if (this.#ready === undefined) this.#choose(this.#exactly(size, "its graph is being built"));
    const begun = await exact.inspect(namespace, (rows) => {
      this.#note(rows);
      // Some room for those who come.
      const graph = new Graph(exact, namespace, { ...setup, capacity: Math.ceil(size * 1.25) + 64 });
      this.#next = graph;
      return graph;
    });
    if (begun === undefined || this.#ended) {
      await begun?.end();
      throw new Error("The namespace was emptied.");
    }
    await begun.begin(known, this.#note);
    return begun;
  }

  /** Measures a graph and searches with it from now on. Where it is not good enough, tells why. */
  async #take(graph: Graph): Promise<Unfit | undefined> {
    const { exact, namespace, recall, onlyIfFaster } = this.#setup;
    const sample = await this.#look((rows) => ({ size: rows.size, queries: sampleOf(rows) }));
    if (sample === undefined) return { reason: "the namespace was emptied", isSlow: false };
    const { size, queries } = sample;
    const exactly = async (some: readonly Float32Array[], k: number) =>
      (await exact.search(namespace, some, { k })).hits;
    const approximately = (ef: number) => async (some: readonly Float32Array[], k: number) => {
      // Or the exact index would be measured, which answers while much is outside of the graph.
      await graph.feed(mostOutside(size), "serving", this.#note);
      return (await graph.search(some, k, ef, this.#note))?.hits ?? exactly(some, k);
    };
    const tuning = await chooseEf(queries, recall, size, exactly, approximately);
    if (tuning.recall < recall) {
      const reached = `${percent(tuning.recall)} of the nearest with ${tuning.ef} candidates`;
      return { reason: `the graph found ${reached}, and ${percent(recall)} are wanted`, isSlow: false };
    }
    if (onlyIfFaster) {
      const ms = await this.#timesOf(queries, exactly, approximately(tuning.ef));
      if (ms.exact <= ms.graph) {
        const times = `${ms.exact.toFixed(2)} ms a query, the graph ${ms.graph.toFixed(2)} ms at ${percent(tuning.recall)}`;
        return { reason: `exact search is the faster one here: ${times} of the nearest`, isSlow: true };
      }
    }
    const before = this.#ready?.graph;
    this.#next = undefined;
    this.#givenUp = undefined;
    this.#ready = { graph, tuning, size };
    if (before !== graph) await before?.end();
    const found = `${percent(tuning.recall)} of the nearest with ${tuning.ef} candidates`;
    const reason = `it holds ${size} templates and means, and the graph found ${found}`;
    this.#choose({ namespace, engine: "hnsw", reason, rows: size, ...tuning });
    return undefined;
  }

  /** The median milliseconds of a single query, in turn, so that what else runs slows both. */
  async #timesOf(queries: readonly Float32Array[], exactly: Search, approximately: Search) {
    const timed = async (search: Search, query: Float32Array): Promise<number> => {
      const started = performance.now();
      await search([query], hitsMeasured);
      return performance.now() - started;
    };
    const times: { exact: number[]; graph: number[] } = { exact: [], graph: [] };
    for (let i = 0; i < timings; i++) {
      const query = queries[(i * 7) % queries.length] ?? new Float32Array();
      times.exact.push(await timed(exactly, query));
      times.graph.push(await timed(approximately, query));
    }
    return { exact: median(times.exact), graph: median(times.graph) };
  }

  async #inTurn(work: () => Promise<void>): Promise<void> {
    await this.#setup.inTurn(() => this.#orGiveUp(work));
  }

  async #orGiveUp(work: () => Promise<void>): Promise<void> {
    if (this.#ended) return;
    try {
      await work();
    } catch (error) {
      if (this.#ended) return;
      const size = (await this.#look((rows) => rows.size).catch(() => undefined)) ?? 0;
      const reason = error instanceof Error ? error.message : String(error);
      if (size > 0) await this.#giveUp(size, `the graph failed: ${reason}`);
      else await this.#drop();
    }
  }

  async #giveUp(size: number, reason: string): Promise<void> {
    await this.#drop();
    this.#givenUp = { reason, below: size * growthToTryAgain };
    this.#choose(this.#exactly(size, reason));
  }

  async #drop(): Promise<void> {
    const graphs = [this.#ready?.graph, this.#next];
    this.#ready = undefined;
    this.#next = undefined;
    this.#givenUp = undefined;
    await Promise.all(graphs.map((graph) => graph?.end()));
  }

  #look<Result>(look: (rows: Rows) => Result): Promise<Result | undefined> {
    return this.#setup.exact.inspect(this.#setup.namespace, (rows) => {
      this.#note(rows);
      return look(rows);
    });
  }

  /** Tells the graphs what changed. */
  readonly #note = (rows: Rows): void => {
    // Another may have taken its place: the changes are for that.
    if (this.#ended) return;
    const changes = rows.takeChanges();
    if (changes === undefined) {
      // The namespace was emptied and filled again: the graphs are of others.
      void this.#drop();
      return;
    }
    this.#ready?.graph.note(changes, rows);
    this.#next?.note(changes, rows);
  };

  #exactly(rows: number, reason: string): SearchChoice {
    return { namespace: this.#setup.namespace, engine: "exact", reason, rows };
  }

  #choose(choice: SearchChoice): void {
    const before = this.#choice;
    this.#choice = choice;
    if (before.engine !== choice.engine || before.ef !== choice.ef || choice.reason !== before.reason) {
      this.#setup.onChoice?.(choice);
    }
  }
}

type Search = (queries: readonly Float32Array[], k: number) => Promise<unknown>;

function percent(share: number): string {
  return `${(Math.floor(share * 1000) / 10).toFixed(1)} %`;
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[values.length >> 1] ?? 0;
}
