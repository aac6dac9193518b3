import { dot, type FaceRecord, type VectorStore } from "@facekit/core";
import { withMeans } from "./compared.js";
import { equal, near } from "./expect.js";
import { randomVector } from "./samples.js";
import { pause } from "./suite.js";

/** How long a store that does not read after write may take to agree with what was written. */
const patienceMs = 20_000;

/**
 * The store's count is that of these records, so are its best matches, by comparing with each, and so, where it tells, is
 * the number of its comparisons.
 */
export async function agrees(
  store: Pick<VectorStore, "capabilities" | "count" | "search">,
  namespace: string,
  records: readonly FaceRecord[],
  random: () => number,
): Promise<void> {
  const members = new Set(records.map(({ memberId }) => memberId)).size;
  equal(await store.count(namespace), { members, templates: records.length }, "count");
  const compared = withMeans(records);
  for (let round = 0; round < 5; round++) {
    const probe = randomVector(random);
    const best = Math.max(-2, ...compared.map(({ vector }) => dot(vector, probe)));
    const deadline = performance.now() + (store.capabilities.readAfterWrite ? 0 : patienceMs);
    for (;;) {
      const { matches, comparisons = compared.length } = await store.search(namespace, [probe], { k: 1 });
      const similarity = matches[0]?.[0]?.similarity ?? -2;
      if (Math.abs(similarity - best) <= 1e-5 && comparisons === compared.length) break;
      if (performance.now() >= deadline) {
        near(similarity, best, 1e-5, "similarity of the best match");
        equal(comparisons, compared.length, "comparisons");
      }
      await pause(50);
    }
  }
}
