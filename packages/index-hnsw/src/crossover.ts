/**
 * From how many templates and means on a graph is built: where it may become the faster one.
 *
 * Fitted to what `npm run bench -- search --crossover` tells (`benchmarks/search/crossover.ts` says how it is computed):
 * 51,000 and 46,100 templates of 128 dimensions in two runs, 27,600 and 35,300 of 512, about 50 around each of many
 * centres, at a recall of 0.99, on two cores of an AMD EPYC. An exact search of more dimensions takes longer in proportion, one of a graph takes longer too.
 */
export function crossover(dimensions: number): number {
  return Math.round(580_000 / Math.sqrt(dimensions));
}
