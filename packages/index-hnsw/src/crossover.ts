/**
 * From how many templates and means on a graph is built: where it may become the faster one.
 *
 * Fitted to the medians of what `npm run bench -- search`, with `--crossover` and without, tells of data with about 50
 * templates around each of many centres, at a recall of 0.99, on two cores of an AMD EPYC (`benchmarks/search/crossover.ts`
 * says how it is computed): 46,100 and 51,000 templates of 128 dimensions in two runs; 27,600, 35,300 and 52,900 of 512 in
 * three. Runs differ more than one could wish, and near the crossover neither index is much the slower one.
 */
export function crossover(dimensions: number): number {
  return Math.round(168_000 / dimensions ** 0.25);
}
