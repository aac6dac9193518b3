import { FaceKitError } from "../errors.js";
import { changeOfIds, type ReadCounts } from "./compare-parts.js";
import type { Discrepancy, Repair } from "./difference.js";

/** So many deletions may be more than what agrees. */
const fewDeletions = 10;

/** Counts what is to be taken away that would be right if another index or source were the right one. */
export class DeletionGuard {
  #deletions = 0;
  #ofPhotos = 0;
  #strays = 0;
  #ofOtherModels = 0;

  count(found: Discrepancy, repair: Repair): void {
    if (repair === "none" || repair === "create-member") return;
    if (found.kind === "stray-face") {
      if (found.stray.why === "other-space") this.#ofOtherModels++;
      else this.#strays++;
      return;
    }
    if (found.kind === "wrong-face-ids" && changeOfIds(found.noted, found.templateIds).removed.length === 0) return;
    if (found.kind === "orphaned-photos") this.#ofPhotos++;
    this.#deletions++;
  }

  /** Throws `namespace-not-found` where so much would go that rather the parts do not belong together. */
  check(namespace: string, { enrolled, members, matched, pictured }: ReadCounts): void {
    const isNobody = matched === 0;
    // Of other models there may be more faces than of these, but where there are none of these, the models are wrong.
    const deletions = this.#deletions + (isNobody ? this.#ofOtherModels + this.#strays : 0);
    const isTooMany = isNobody
      ? deletions > this.#strays || this.#strays > fewDeletions
      : deletions > Math.max(fewDeletions, matched);
    if (!isTooMany && this.#ofPhotos <= Math.max(fewDeletions, pictured)) return;
    throw new FaceKitError(
      "namespace-not-found",
      `In "${namespace}" ${enrolled} members have faces, ${members} have entries, and ${matched} have both; ${pictured} of ` +
        `them all have photos. That is too few for ${deletions} deletions, of photos for ${this.#ofPhotos}. Check that ` +
        "index, member source, photos and namespace belong together, or set allowMassDeletion (facekit reconcile " +
        "--allow-mass-deletion).",
    );
  }
}
