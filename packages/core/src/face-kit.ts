import { checkAdapter, checkFunction, checkId, checkKeys, checkNumber } from "./checks.js";
import { disposeAll } from "./dispose.js";
import { FaceKitError } from "./errors.js";
import {
  comparisonThreshold,
  type FlowContext,
  type FlowOptions,
  flowOptionNames,
  namespaceOf,
  type PhotoReader,
  searchTermsFor,
} from "./flows/context.js";
import {
  type Identification,
  identify,
  type MatchOrRegisterOptions,
  type MatchOrRegistration,
  matchOrRegister,
} from "./flows/identify.js";
import { type RegisterOptions, type Registration, register } from "./flows/register.js";
import { type Attendance, type AttendanceOptions, takeAttendance } from "./flows/take-attendance.js";
import { type Comparison, compare, type Verification, verify, verifyAnyMember } from "./flows/verify.js";
import { type Welcome, type WelcomeOptions, welcome } from "./flows/welcome.js";
import { memoryVisitLog } from "./memory/visit-log.js";
import { summaryOptionNames } from "./purchases/summarise-purchases.js";
import {
  type ReconcileFlowOptions,
  type Reconciliation,
  reconcile,
  reconcileOptionNames,
} from "./reconcile/reconcile.js";
import type { CallOptions } from "./spec/adapter.js";
import type { FaceIndex } from "./spec/face-index.js";
import type { EnrolledMember } from "./spec/face-records.js";
import type { ImageInput } from "./spec/image.js";
import type { MemberSource } from "./spec/member-source.js";
import type { PhotoStore } from "./spec/photo-store.js";
import type { VisitLog } from "./spec/visit-log.js";
import { type Threshold, type ThresholdOptions, thresholdOptionNames, thresholdOptionsOf } from "./threshold.js";

export interface FaceKitOptions extends ThresholdOptions {
  readonly index: FaceIndex;
  /** Where members live beside their faces. Default: nowhere; a member is then an id with templates. */
  readonly members?: MemberSource;
  /** Where attendance is written. Default: memory. */
  readonly visits?: VisitLog;
  /**
   * Where the photos of members are kept, as they were given, with all that the file tells beside the picture. Default:
   * nowhere, no photo is kept.
   */
  readonly photos?: PhotoStore;
  /** With `photos`: how a photo's bytes are read where it is given by path or URL. Default: it must be given as bytes. */
  readonly readPhoto?: PhotoReader;
  /** The namespace of calls that name none. Default `"default"`. */
  readonly namespace?: string;
  /** Registering refuses faces smaller than this, in pixels between the box's sides. Default 40. */
  readonly minFaceSize?: number;
}

type Photos = ImageInput | readonly ImageInput[];

/** Knows members by their faces. */
export interface FaceKit extends AsyncDisposable {
  readonly index: FaceIndex;
  readonly members: MemberSource | undefined;
  readonly visits: VisitLog;
  readonly photos: PhotoStore | undefined;
  /**
   * The threshold of calls that ask for no other; with `falsePositiveRate`, that of 1:1 calls, while each search chooses
   * its own by the gallery's size (`decision.threshold`). Throws when the model has no calibration and none was given.
   */
  readonly threshold: Threshold;
  /** Enrols a member from photos that show the member alone; all are enrolled or none. Again: adds templates. */
  register(memberId: string, photos: Photos, options?: RegisterOptions): Promise<Registration>;
  /** 1:1: is this person that member? */
  verify(memberId: string, photo: ImageInput, options?: FlowOptions): Promise<Verification>;
  /** 1:N: is this person any member of the namespace? */
  verifyAnyMember(photo: ImageInput, options?: FlowOptions): Promise<Verification>;
  /** 1:N: who is this? */
  identify(photo: ImageInput, options?: FlowOptions): Promise<Identification>;
  /** The known member, or a new one. Racing calls never make two. */
  matchOrRegister(photo: ImageInput, options?: MatchOrRegisterOptions): Promise<MatchOrRegistration>;
  /** Everyone in one or many group photos. */
  takeAttendance(photos: Photos, options?: AttendanceOptions): Promise<Attendance>;
  /** Do two photos show one person? Nothing is kept. */
  compare(photoA: ImageInput, photoB: ImageInput, options?: FlowOptions): Promise<Comparison>;
  /** 1:N, and what is known of the member: the entry and a summary of the purchases, each part with its own failure. */
  welcome(photo: ImageInput, options?: WelcomeOptions): Promise<Welcome>;
  /** Erases a member's templates, visits, photos and member entry. Tells how many templates there were. */
  forget(memberId: string, options?: Pick<FlowOptions, "namespace" | "signal">): Promise<number>;
  /**
   * Where faces, members and photos do not agree, and with `apply` repairs it: see `reconcile`. The work is done as the
   * differences are read.
   */
  reconcile(options?: ReconcileFlowOptions & Pick<FlowOptions, "namespace">): Reconciliation;
  /** Who is enrolled. */
  enrolled(options?: Pick<FlowOptions, "namespace" | "signal">): AsyncIterable<EnrolledMember>;
}

const kitOptionNames = [
  "index",
  "members",
  "visits",
  "photos",
  "readPhoto",
  "namespace",
  "minFaceSize",
  ...thresholdOptionNames,
];
const registerOptionNames = [...flowOptionNames, "minFaceSize", "refuseKnownFaces", "member", "keepPhotos"];
const matchOrRegisterOptionNames = [...flowOptionNames, "newMemberId", "minFaceSize", "keepPhotos"];
const welcomeOptionNames = [...flowOptionNames, ...summaryOptionNames, "deadlineMs"];
const attendanceOptionNames = [...flowOptionNames, "session", "place", "at", "timeZone", "scene", "onProgress"];

/** The flows over any FaceIndex. Owns its parts: disposing the kit disposes them. */
export function createFlows(options: FaceKitOptions): FaceKit {
  checkKeys("createFlows", options, kitOptionNames);
  const { index, members, photos, readPhoto } = options;
  checkAdapter("index", index);
  if (members !== undefined) checkAdapter("members", members);
  if (photos !== undefined) checkAdapter("photos", photos);
  if (readPhoto !== undefined) checkFunction("readPhoto", readPhoto);
  if (options.visits !== undefined) checkAdapter("visits", options.visits);
  const namespace = options.namespace ?? "default";
  const minFaceSize = options.minFaceSize ?? 40;
  checkId("namespace", namespace);
  checkNumber("minFaceSize", minFaceSize, { min: 1, max: 1e5 });
  const threshold = thresholdOptionsOf(options);
  const visits = options.visits ?? memoryVisitLog();
  const context: FlowContext = { index, members, visits, photos, readPhoto, namespace, minFaceSize, threshold };
  // A rate that cannot be had, not even in a gallery of one, is refused here and not at the first visitor.
  if (Object.keys(threshold).length > 0) searchTermsFor(context, {});

  let disposed: Promise<void> | undefined;
  /** The context of a call whose options are spelt right, while the kit is open. */
  const callOf = (flow: string, o: object = {}, known: readonly string[] = flowOptionNames): FlowContext => {
    if (disposed !== undefined) throw new FaceKitError("closed", "This FaceKit was closed; create another.");
    checkKeys(flow, o, known);
    return context;
  };

  return {
    index,
    members,
    visits,
    photos,
    get threshold() {
      return comparisonThreshold(context, {});
    },
    register: async (memberId, photos, o) => register(callOf("register", o, registerOptionNames), memberId, photos, o),
    verify: async (memberId, photo, o) => verify(callOf("verify", o), memberId, photo, o),
    verifyAnyMember: async (photo, o) => verifyAnyMember(callOf("verifyAnyMember", o), photo, o),
    identify: async (photo, o) => identify(callOf("identify", o), photo, o),
    matchOrRegister: async (photo, o) =>
      matchOrRegister(callOf("matchOrRegister", o, matchOrRegisterOptionNames), photo, o),
    takeAttendance: async (photos, o) => takeAttendance(callOf("takeAttendance", o, attendanceOptionNames), photos, o),
    compare: async (photoA, photoB, o) => compare(callOf("compare", o), photoA, photoB, o),

    welcome: async (photo, o) => welcome(callOf("welcome", o, welcomeOptionNames), photo, o),

    async forget(memberId, o: Pick<FlowOptions, "namespace"> & CallOptions = {}) {
      const where = namespaceOf(callOf("forget", o, ["namespace", "signal"]), o);
      checkId("memberId", memberId);
      await visits.deleteMember(where, memberId, o);
      if (members?.capabilities.writable) await members.delete(where, memberId, o);
      await photos?.deleteMember(where, memberId, o);
      // Last, so that a call that broke off half way is repeated by one who still sees the member.
      return index.deleteMember(where, memberId, o);
    },

    reconcile(o = {}) {
      const where = namespaceOf(callOf("reconcile", o, ["namespace", ...reconcileOptionNames]), o);
      return reconcile({ ...o, namespace: where, index, members, photos, visits });
    },

    async *enrolled(o = {}) {
      yield* index.members(namespaceOf(callOf("enrolled", o, ["namespace", "signal"]), o), o);
    },

    async [Symbol.asyncDispose]() {
      disposed ??= disposeAll([index, visits, members, photos]);
      await disposed;
    },
  };
}
