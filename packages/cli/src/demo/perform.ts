import {
  type AttendancePhoto,
  type Box,
  type FaceKit,
  isFaceKitError,
  type Progress,
  type Threshold,
  type ThresholdOptions,
} from "@facekit/core";
import type { DemoMember, GroupPicture, Impostor, Material } from "./material.js";

export interface Score {
  readonly right: number;
  readonly of: number;
}

export interface MemberScore {
  readonly memberId: string;
  readonly templates: number;
  readonly verified: Score;
  readonly identified: Score;
  /** The lowest similarity of the member to one of the member's own new pictures. */
  readonly lowestSimilarity: number | null;
}

export interface DemoResult {
  readonly members: readonly MemberScore[];
  /** Members who could not be registered, and why. */
  readonly refused: readonly { readonly memberId: string; readonly code: string; readonly message: string }[];
  readonly verified: Score;
  readonly identified: Score;
  readonly strangersRefused: Score;
  /** The highest similarity of one of them to a member. */
  readonly highestStrangerSimilarity: number | null;
  /** Faces answered rightly; faces named, where nobody knows who is in the photos. */
  readonly attendance: Score;
  readonly photos: readonly AttendancePhoto[];
  readonly threshold: Threshold;
  /** From the file to the answer, mean over all pictures verified and identified. */
  readonly msPerPhoto: number;
}

export interface Performance {
  /** Opens the kit over the demo's store; called twice, so that what is answered comes from the file. */
  readonly open: () => Promise<FaceKit>;
  /** Which threshold to use instead of the model's. */
  readonly threshold: ThresholdOptions;
  readonly report: (progress: Progress) => void;
}

/** Registers, closes and reopens the store, then verifies, identifies, turns strangers away and takes attendance. */
export async function perform(material: Material, { open, threshold, report }: Performance): Promise<DemoResult> {
  const templates = new Map<string, number>();
  const refused: DemoResult["refused"][number][] = [];
  {
    await using kit = await open();
    for (const [done, { memberId, enrol }] of material.members.entries()) {
      report({ task: "registering", done, total: material.members.length });
      try {
        templates.set(memberId, (await kit.register(memberId, enrol)).templateIds.length);
      } catch (error) {
        if (!isFaceKitError(error)) throw error;
        refused.push({ memberId, code: error.code, message: error.message });
      }
    }
  }

  await using kit = await open();
  const clock = new Clock();
  const members: MemberScore[] = [];
  for (const [done, member] of material.members.entries()) {
    report({ task: "verifying and identifying", done, total: material.members.length });
    const count = templates.get(member.memberId);
    if (count !== undefined) members.push(await recognise(kit, member, count, threshold, clock));
  }
  const attempts: Attempt[] = [];
  for (const impostor of material.impostors) {
    report({ task: "turning strangers away", done: attempts.length, total: material.impostors.length });
    if (impostor.claims === undefined || templates.has(impostor.claims)) {
      attempts.push(await turnAway(kit, impostor, threshold, clock));
    }
  }
  const { photos, threshold: used } = await kit.takeAttendance(
    material.groups.map(({ path }) => path),
    { ...threshold, session: "demo", onProgress: (p) => report({ task: "taking attendance", ...p }) },
  );
  return {
    members,
    refused,
    verified: sum(members.map(({ verified }) => verified)),
    identified: sum(members.map(({ identified }) => identified)),
    strangersRefused: { right: attempts.filter(({ refused }) => refused).length, of: attempts.length },
    highestStrangerSimilarity: extreme(
      Math.max,
      attempts.map(({ similarity }) => similarity),
    ),
    attendance: sum(photos.map((photo, i) => scoreOf(photo, material.groups[i]))),
    photos,
    threshold: used,
    msPerPhoto: clock.mean,
  };
}

/** Adds up how long calls take. */
class Clock {
  #calls = 0;
  #total = 0;

  get mean(): number {
    return this.#calls === 0 ? 0 : this.#total / this.#calls;
  }

  /** The call's result; nothing where the picture shows no face. */
  async time<T>(call: () => Promise<T>): Promise<T | undefined> {
    const start = performance.now();
    try {
      return await call();
    } catch (error) {
      if (isFaceKitError(error, "no-face")) return undefined;
      throw error;
    } finally {
      this.#calls++;
      this.#total += performance.now() - start;
    }
  }
}

async function recognise(
  kit: FaceKit,
  { memberId, probes }: DemoMember,
  templates: number,
  threshold: ThresholdOptions,
  clock: Clock,
): Promise<MemberScore> {
  let verified = 0;
  let identified = 0;
  const similarities: number[] = [];
  for (const probe of probes) {
    const verification = await clock.time(() => kit.verify(memberId, probe, threshold));
    const identification = await clock.time(() => kit.identify(probe, threshold));
    if (verification?.matched) verified++;
    if (identification?.best?.memberId === memberId) identified++;
    if (verification?.similarity !== undefined) similarities.push(verification.similarity);
  }
  const of = probes.length;
  return {
    memberId,
    templates,
    verified: { right: verified, of },
    identified: { right: identified, of },
    lowestSimilarity: extreme(Math.min, similarities),
  };
}

interface Attempt {
  readonly refused: boolean;
  readonly similarity: number | undefined;
}

/** A stranger is nobody, not even the nearest member; one who claims to be a member is not that member. */
async function turnAway(
  kit: FaceKit,
  { picture, claims }: Impostor,
  threshold: ThresholdOptions,
  clock: Clock,
): Promise<Attempt> {
  const identification = claims === undefined ? await clock.time(() => kit.identify(picture, threshold)) : undefined;
  const target = claims ?? identification?.candidates[0]?.memberId;
  const verification =
    target === undefined ? undefined : await clock.time(() => kit.verify(target, picture, threshold));
  return {
    refused: identification?.best === undefined && verification?.matched !== true,
    similarity: verification?.similarity,
  };
}

/** A person is answered rightly when a face was found there and given to the right member, or to nobody. */
function scoreOf({ faces }: AttendancePhoto, group: GroupPicture | undefined): Score {
  const people = group?.people;
  if (people === undefined)
    return { right: faces.filter(({ memberId }) => memberId !== null).length, of: faces.length };
  const right = people.filter(({ memberId, box }) =>
    faces.some((found) => found.memberId === memberId && holdsCentre(box, found.face.box)),
  );
  return { right: right.length, of: people.length };
}

function holdsCentre([x, y, width, height]: readonly [number, number, number, number], inner: Box): boolean {
  const [cx, cy] = [inner.x + inner.width / 2 - x, inner.y + inner.height / 2 - y];
  return cx >= 0 && cx <= width && cy >= 0 && cy <= height;
}

function sum(scores: readonly Score[]): Score {
  return scores.reduce((a, b) => ({ right: a.right + b.right, of: a.of + b.of }), { right: 0, of: 0 });
}

function extreme(choose: (...values: number[]) => number, values: readonly (number | undefined)[]): number | null {
  const known = values.filter((value) => value !== undefined);
  return known.length === 0 ? null : choose(...known);
}
