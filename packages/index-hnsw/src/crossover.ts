/**
 * From how many templates and means on a graph is built: where it may become the faster one. Fitted to
 * `npm run bench -- search`; its README says how.
 */
export function crossover(dimensions: number): number {
  return Math.max(20_000, Math.round(20_000_000 / dimensions));
}
