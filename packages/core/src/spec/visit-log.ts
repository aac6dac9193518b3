import type { Adapter, CallOptions } from "./adapter.js";

/** That a member was somewhere at some time. */
export interface Visit {
  /** Unique in its namespace: appending a key again changes nothing. */
  readonly key: string;
  readonly memberId: string;
  /** The instant. */
  readonly at: Date;
  /** The IANA zone in which the visit's local date and time are to be read, for example `"Asia/Kolkata"`. */
  readonly timeZone: string;
  readonly place?: string;
  readonly session?: string;
  readonly similarity?: number;
}

export interface VisitQuery {
  readonly memberId?: string;
  readonly place?: string;
  readonly session?: string;
  /** At or after this instant. */
  readonly from?: Date;
  /** Before this instant. */
  readonly until?: Date;
}

/** The book of visits: append only. */
export interface VisitLog extends Adapter {
  readonly capabilities: { readonly persistent: boolean };
  /** Appends all or none, and tells how many were new. */
  append(namespace: string, visits: readonly Visit[], options?: CallOptions): Promise<number>;
  /** Visits by time, then by key in code-unit order. */
  query(namespace: string, query?: VisitQuery, options?: CallOptions): AsyncIterable<Visit>;
  /** Erases a member's visits and tells how many there were. */
  deleteMember(namespace: string, memberId: string, options?: CallOptions): Promise<number>;
}
