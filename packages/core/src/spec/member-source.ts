import type { Adapter, CallOptions } from "./adapter.js";

/** What an application knows of a person beside the face. */
export interface Member {
  readonly id: string;
  readonly name?: string;
  readonly email?: string;
  readonly phone?: string;
  readonly createdAt?: Date;
  /** The ids of the member's templates, where the source notes them (`linkFaces`). `put` leaves them as they are. */
  readonly faceIds?: readonly string[];
}

/** One line of a receipt. */
export interface Purchase {
  /** Unique per member: putting it again changes nothing. */
  readonly id: string;
  readonly product: string;
  /** Negative for a return. */
  readonly quantity: number;
  /**
   * The line's total as a decimal string, for example `"12.90"`: money is never a binary fraction. Where a source holds
   * none, what it holds instead: `summarisePurchases` counts that as malformed. So for a `quantity`, as NaN.
   */
  readonly total: string;
  /** ISO 4217, for example `"EUR"`; `""` where a source tells none. */
  readonly currency: string;
  readonly at?: Date;
}

export interface MemberSourceCapabilities {
  /** `put`, `delete` and, where it is there, `merge` work. */
  readonly writable: boolean;
  readonly purchases: boolean;
  readonly persistent: boolean;
}

/** Where members live: a table, a service, a file. Calls beyond the capabilities reject with `not-supported`. */
export interface MemberSource extends Adapter {
  readonly capabilities: MemberSourceCapabilities;
  /** The member, or `undefined` when there is none of that id. */
  get(namespace: string, memberId: string, options?: CallOptions): Promise<Member | undefined>;
  /** All members by id in code-unit order. */
  list(namespace: string, options?: CallOptions): AsyncIterable<Member>;
  /** Creates or replaces. */
  put(namespace: string, member: Member, options?: CallOptions): Promise<void>;
  /**
   * Creates the member, or changes the fields that are given and leaves all others as they are, whoever writes those
   * meanwhile. Without it flows read an entry and put it back whole, and what was written in between is lost.
   */
  merge?(namespace: string, member: Member, options?: CallOptions): Promise<void>;
  /**
   * Notes which templates are the member's, in place of what was noted (`set`) or beside it (`add`). Rejects with
   * `unknown-member` where the member does not exist. Only of sources that keep such notes.
   */
  linkFaces?(
    namespace: string,
    memberId: string,
    faceIds: readonly string[],
    options: CallOptions & { readonly mode: "add" | "set" },
  ): Promise<void>;
  /** Deletes the member with all purchases; tells whether there was one. */
  delete(namespace: string, memberId: string, options?: CallOptions): Promise<boolean>;
  /**
   * Ends a deletion of the member that broke off, and tells whether there was one. Does nothing to a member who is there,
   * or where nothing is left. Only of sources whose deletions can break off half way.
   */
  endDeletion?(namespace: string, memberId: string, options?: CallOptions): Promise<boolean>;
  /** A member's purchases, oldest first, those without a date last. Unknown member: none. */
  purchases(namespace: string, memberId: string, options?: CallOptions): AsyncIterable<Purchase>;
  /** Rejects with `unknown-member` where the member does not exist. */
  addPurchase(namespace: string, memberId: string, purchase: Purchase, options?: CallOptions): Promise<void>;
}
