import type { SearchFigures } from "./summary.js";

/** From how many templates on the graph is the faster one, of this many dimensions and this data. */
export interface Crossover {
  readonly dimensions: number;
  readonly data: SearchFigures["data"];
  /** Undefined where it is not to be had from what was measured. */
  readonly templates?: number;
  /** Milliseconds of an exact search: `exact.a + exact.b × templates`. */
  readonly exact: Line;
  /** Milliseconds of a search of the graph at its recall: `graph.a + graph.b × ln templates`. */
  readonly graph: Line;
}

interface Line {
  readonly a: number;
  readonly b: number;
}

const exactName = "index-exact";
const graphName = "index-hnsw";
const most = 1e8;
const step = 1.001;

/**
 * An exact search takes time in proportion to the templates, one of a graph in proportion to their logarithm (Malkov and
 * Yashunin, 2016). Both are fitted to the single queries of all sizes by least squares of relative errors; where they
 * meet is the crossover.
 */
export function crossovers(figures: readonly SearchFigures[]): Crossover[] {
  const singles = figures.filter(({ batch }) => batch === 1);
  const kinds = new Map(singles.map(({ dimensions, data }) => [`${dimensions} ${data}`, { dimensions, data }]));
  return [...kinds.values()].flatMap(({ dimensions, data }): Crossover[] => {
    const of = (name: string): SearchFigures[] =>
      singles.filter((each) => each.contender === name && each.dimensions === dimensions && each.data === data);
    const graphs = of(graphName);
    const exacts = of(exactName).filter(({ count }) => graphs.some((graph) => graph.count === count));
    if (exacts.length < 2) return [];
    const exact = fitted(exacts.map(({ count, queryMs }) => [count, queryMs]));
    const graph = fitted(graphs.map(({ count, queryMs }) => [Math.log(count), queryMs]));
    const templates = meeting(exact, graph);
    return [{ dimensions, data, exact, graph, ...(templates !== undefined && { templates }) }];
  });
}

/** The size at which the graph is the faster one from then on. */
function meeting(exact: Line, graph: Line): number | undefined {
  const isFaster = (count: number): boolean => graph.a + graph.b * Math.log(count) < exact.a + exact.b * count;
  if (!isFaster(most)) return undefined;
  let count = most;
  while (count > 1 && isFaster(count / step)) count /= step;
  return Math.round(count);
}

/** Least squares of (y − a − b x) / y. */
function fitted(points: readonly (readonly [x: number, y: number])[]): Line {
  let [w, wx, wxx, wy, wxy] = [0, 0, 0, 0, 0];
  for (const [x, y] of points) {
    const weight = 1 / y ** 2;
    w += weight;
    wx += weight * x;
    wxx += weight * x * x;
    wy += weight * y;
    wxy += weight * x * y;
  }
  const b = (w * wxy - wx * wy) / (w * wxx - wx * wx);
  return { a: (wy - b * wx) / w, b };
}
