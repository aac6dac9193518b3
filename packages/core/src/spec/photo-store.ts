import type { Adapter, CallOptions } from "./adapter.js";

/** A photo that was kept because the application asked for it. */
export interface KeptPhoto {
  readonly memberId: string;
  /** Unique among the member's photos. */
  readonly id: string;
  readonly keptAt?: Date;
}

/** Where photos of members are kept, for applications that want them kept: without one, none ever is. */
export interface PhotoStore extends Adapter {
  readonly capabilities: { readonly persistent: boolean };
  /** Keeps the bytes of an encoded photo as they are; an id again replaces the photo. */
  put(namespace: string, memberId: string, id: string, photo: Uint8Array, options?: CallOptions): Promise<void>;
  /** The bytes that were put, or `undefined` when there is no such photo. */
  get(namespace: string, memberId: string, id: string, options?: CallOptions): Promise<Uint8Array | undefined>;
  /** All photos by member id, then by id, both in code-unit order. */
  list(namespace: string, options?: CallOptions): AsyncIterable<KeptPhoto>;
  /** Erases a member's photos and tells how many there were. */
  deleteMember(namespace: string, memberId: string, options?: CallOptions): Promise<number>;
}
