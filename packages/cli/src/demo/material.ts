/** Someone in a group photo whose place is known. */
export interface KnownPerson {
  /** Null for a stranger. */
  readonly memberId: string | null;
  /** x, y, width and height of the face. */
  readonly box: readonly [number, number, number, number];
}

export interface GroupPicture {
  readonly path: string;
  /** Who is where, if anybody knows. */
  readonly people?: readonly KnownPerson[];
}

export interface DemoMember {
  readonly memberId: string;
  /** Pictures to register the member with. */
  readonly enrol: readonly string[];
  /** Other pictures, by which to know the member again. */
  readonly probes: readonly string[];
}

export interface Impostor {
  readonly picture: string;
  /** The member whom this person claims to be; without one, the nearest is tried. */
  readonly claims?: string;
}

/** What a demo plays with. */
export interface Material {
  readonly members: readonly DemoMember[];
  readonly impostors: readonly Impostor[];
  readonly groups: readonly GroupPicture[];
}
