import { assign } from "../assignment.js";
import { checkId, maxIdLength } from "../checks.js";
import { mapConcurrently } from "../concurrency.js";
import type { DecisionTerms } from "../decision.js";
import { FaceKitError } from "../errors.js";
import { checkTimeZone } from "../purchases/month.js";
import type { Scene } from "../spec/detector.js";
import type { Face } from "../spec/face.js";
import type { ImageInput } from "../spec/image.js";
import type { MemberMatch } from "../spec/vector-store.js";
import type { Visit } from "../spec/visit-log.js";
import { type FlowContext, type FlowOptions, namespaceOf, searchTermsFor, signalOf, sourceOf } from "./context.js";
import { listOf } from "./register.js";

export interface AttendanceOptions extends FlowOptions {
  /** The lesson, shift or event. Where given, each member present is written to the visit log once per session. */
  readonly session?: string;
  readonly place?: string;
  /** When it took place. Default: now. */
  readonly at?: Date;
  /** IANA zone of the place. Default: this machine's. */
  readonly timeZone?: string;
  /** `"crowd"` looks for very many small faces in large photos, and takes longer. Default `"group"`. */
  readonly scene?: Scene;
  /** Called after each photo; with several at work, not in their order, but `done` grows by one. */
  readonly onProgress?: (progress: { readonly done: number; readonly total: number }) => void;
}

export interface AttendedFace {
  readonly face: Face;
  /** The member, or null for a stranger. */
  readonly memberId: string | null;
  /** Of the member it was given to, else of the nearest; absent when nobody is enrolled. */
  readonly similarity?: number;
}

export interface AttendancePhoto {
  /** The photo's path or URL, where it was given as one. */
  readonly source?: string;
  /** From left to right. */
  readonly faces: readonly AttendedFace[];
}

/** The terms are of each face, in the largest gallery that was searched: it may grow from one photo to the next. */
export interface Attendance extends DecisionTerms {
  /** Who was seen in at least one photo, by member id. */
  readonly present: readonly string[];
  /** Faces that are no member's, over all photos. One stranger in two photos counts twice. */
  readonly strangers: number;
  readonly photos: readonly AttendancePhoto[];
}

/**
 * Who is in these photos? In each photo faces and members are paired so that most faces are paired, and among these
 * pairings the sum of similarities is greatest: no member stands twice in a photo, no face is two members.
 */
export async function takeAttendance(
  context: FlowContext,
  photos: ImageInput | readonly ImageInput[],
  options: AttendanceOptions = {},
): Promise<Attendance> {
  const namespace = namespaceOf(context, options);
  if (options.session !== undefined) checkId("session", options.session);
  const timeZone = options.timeZone ?? Intl.DateTimeFormat().resolvedOptions().timeZone;
  checkTimeZone(timeZone);
  const { at = new Date() } = options;
  if (Number.isNaN(at.getTime())) throw new FaceKitError("invalid-argument", "at wants a valid date; got none.");
  const images = listOf(photos);
  const termsOf = searchTermsFor(context, options);
  const { comparisons } = await context.index.search(namespace, [], { k: 1, ...signalOf(options) });
  let terms = termsOf(comparisons);
  let done = 0;
  const results = await mapConcurrently(images, context.index.concurrency ?? 1, async (image) => {
    const probes = await context.index.probe(image, { scene: options.scene ?? "group", ...signalOf(options) });
    // As many as there are faces: of a face's so many nearest one is always left by the others.
    const search = { k: Math.max(1, probes.length), ...signalOf(options) };
    const { matches, comparisons } = await context.index.search(namespace, probes, search);
    const own = termsOf(comparisons);
    if ((own.gallerySize ?? 0) > (terms.gallerySize ?? 0)) terms = own;
    const assigned = assignMembers(matches, own.threshold.value);
    const faces = probes.map(({ face }, i): AttendedFace => {
      const member = assigned[i];
      const nearest = member ?? matches[i]?.[0];
      return {
        face,
        memberId: member?.memberId ?? null,
        ...(nearest === undefined ? {} : { similarity: nearest.similarity }),
      };
    });
    faces.sort((a, b) => a.face.box.x - b.face.box.x);
    const source = sourceOf(image);
    options.onProgress?.({ done: ++done, total: images.length });
    return { ...(source === undefined ? {} : { source }), faces };
  });

  const best = new Map<string, number>();
  let strangers = 0;
  for (const { memberId, similarity = 0 } of results.flatMap((photo) => photo.faces)) {
    if (memberId === null) strangers++;
    else best.set(memberId, Math.max(similarity, best.get(memberId) ?? similarity));
  }
  const present = [...best.keys()].sort();
  if (options.session !== undefined) {
    const { session, place } = options;
    const visits = present.map(
      async (memberId): Promise<Visit> => ({
        key: await visitKey(session, memberId),
        memberId,
        at,
        timeZone,
        session,
        ...(place === undefined ? {} : { place }),
        similarity: best.get(memberId) ?? 0,
      }),
    );
    await context.visits.append(namespace, await Promise.all(visits), signalOf(options));
  }
  return { present, strangers, photos: results, ...terms };
}

/** For each face the match it was given, or undefined for a stranger. */
function assignMembers(matches: readonly MemberMatch[][], threshold: number): (MemberMatch | undefined)[] {
  const passed = matches.map((candidates) => candidates.filter((match) => match.similarity >= threshold));
  const members = [...new Set(passed.flat().map((match) => match.memberId))];
  const columns = new Map(members.map((memberId, column) => [memberId, column]));
  const similarities = passed.flat().map((match) => match.similarity);
  const lowest = similarities.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  const highest = similarities.reduce((a, b) => Math.max(a, b), lowest);
  // What a pair counts for by itself: no gain in similarity, over all faces, makes up for a face left alone.
  const pair = 1 + passed.length * (highest - lowest);
  const gains = passed.map((candidates) => {
    const row = new Array<number>(members.length).fill(0);
    for (const match of candidates) row[columns.get(match.memberId) ?? 0] = pair + match.similarity - lowest;
    return row;
  });
  return assign(gains).map((column, face) => passed[face]?.find((match) => match.memberId === members[column]));
}

/** One visit for each member and session. Long names are hashed, for a key is an id and has its length. */
async function visitKey(session: string, memberId: string): Promise<string> {
  const key = JSON.stringify([session, memberId]);
  if (key.length <= maxIdLength) return key;
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(key));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
