import type { FaceKitError } from "../errors.js";
import type { StrayFace } from "../spec/stray-faces.js";

interface AboutMember {
  readonly memberId: string;
}

/** Where faces, members and photos do not agree. */
export type Discrepancy =
  /** Faces of nobody: there is no entry of this id in the member source. */
  | (AboutMember & {
      readonly kind: "orphaned-faces";
      readonly templates: number;
      readonly enrolledAt: Date;
      readonly lastEnrolledAt: Date;
      readonly templateIds?: readonly string[];
      /** Photos that are kept under this id, too. */
      readonly photos: number;
    })
  /** An entry without a face: a customer who never enrolled, perhaps. */
  | (AboutMember & { readonly kind: "member-without-faces"; readonly createdAt?: Date; readonly photos: number })
  /** Photos of nobody: neither a face nor an entry. */
  | (AboutMember & { readonly kind: "orphaned-photos"; readonly photos: number; readonly keptAt?: Date })
  /** The source notes other faces as the member's than the index has. */
  | (AboutMember & {
      readonly kind: "wrong-face-ids";
      readonly noted: readonly string[];
      readonly templateIds: readonly string[];
    })
  /** A face that no search gives out. */
  | { readonly kind: "stray-face"; readonly stray: StrayFace };

export type DiscrepancyKind = Discrepancy["kind"];

/** What is done about one, or would be. `none`: it is only told, unless the options say otherwise. */
export type Repair =
  | "delete-faces"
  | "create-member"
  | "delete-member"
  | "delete-photos"
  | "link-faces"
  | "delete-stray"
  | "none";

/**
 * `planned`: nothing was done, `apply` would; `repaired`; `left`: nothing is done about it, nor would be; `waiting`: it is
 * so new that a registration may be at it; `gone`: when its turn came, it was none any more; `failed`: this one was refused
 * with `error`, and those behind it went on.
 */
export type Outcome = "planned" | "repaired" | "left" | "waiting" | "gone" | "failed";

export type Difference = Discrepancy & {
  readonly repair: Repair;
  readonly outcome: Outcome;
  /** Of one that failed: `invalid-argument`, `conflict` or `not-supported`. */
  readonly error?: FaceKitError;
};

/** A sentence about a difference and what becomes of it. */
export function describeDifference(difference: Difference): string {
  return `${whatIsWrong(difference)}: ${outcomeText(difference)}.`;
}

function whatIsWrong(found: Discrepancy): string {
  switch (found.kind) {
    case "orphaned-faces": {
      const since = found.enrolledAt.toISOString().slice(0, 10);
      const photos = found.photos === 0 ? "" : ` and ${counted(found.photos, "photo")}`;
      return `${counted(found.templates, "face")}${photos} of "${found.memberId}", from ${since}, but no such member`;
    }
    case "member-without-faces":
      return `Member "${found.memberId}" has no face`;
    case "orphaned-photos":
      return `${counted(found.photos, "photo")} of "${found.memberId}", who has neither faces nor an entry`;
    case "wrong-face-ids":
      return `Member "${found.memberId}" is noted with ${counted(found.noted.length, "face")} and has ${found.templateIds.length}, not the same`;
    case "stray-face": {
      const { id, why, memberId } = found.stray;
      const whose = memberId === undefined ? "" : ` meant for "${memberId}"`;
      return why === "other-space"
        ? `Face "${id}"${whose} was made by other models`
        : `Face "${id}"${whose} never became a member's`;
    }
  }
}

const repairTexts: Readonly<Record<Repair, readonly [planned: string, done: string]>> = {
  "delete-faces": ["to be deleted", "deleted"],
  "create-member": ["the member is to be created again", "the member was created again"],
  "delete-member": ["the member is to be deleted", "the member was deleted"],
  "delete-photos": ["to be deleted", "deleted"],
  "link-faces": ["to be noted anew", "noted anew"],
  "delete-stray": ["to be deleted", "deleted"],
  none: ["left as it is", "left as it is"],
};

function outcomeText({ repair, outcome, error }: Difference): string {
  if (outcome === "waiting") return "too new to judge";
  if (outcome === "gone") return "mended meanwhile";
  if (outcome === "failed") return `could not be repaired (${error?.code}: ${error?.message})`;
  const [planned, done] = repairTexts[repair];
  return outcome === "repaired" ? done : planned;
}

function counted(number: number, thing: string): string {
  return `${number} ${number === 1 ? thing : `${thing}s`}`;
}
