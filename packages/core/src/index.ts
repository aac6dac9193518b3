export * from "./assignment.js";
export * from "./checks.js";
export * from "./concurrency.js";
export * from "./decision.js";
export * from "./dispose.js";
export * from "./errors.js";
export * from "./face-kit.js";
export type { FlowOptions, PhotoReader } from "./flows/context.js";
export type { Identification, MatchOrRegisterOptions, MatchOrRegistration } from "./flows/identify.js";
export type { RegisterOptions, Registration } from "./flows/register.js";
export type { Attendance, AttendanceOptions, AttendancePhoto, AttendedFace } from "./flows/take-attendance.js";
export type { Comparison, Verification } from "./flows/verify.js";
export type { NotAsked, Part, Welcome, WelcomeOptions } from "./flows/welcome.js";
export * from "./gallery-size.js";
export * from "./geometry/alignment.js";
export * from "./geometry/boxes.js";
export * from "./geometry/planes.js";
export * from "./geometry/resize.js";
export * from "./geometry/similarity-transform.js";
export * from "./geometry/warp.js";
export * from "./local-face-index.js";
export * from "./memory/face-records.js";
export * from "./memory/member-source.js";
export * from "./memory/photo-store.js";
export * from "./memory/visit-log.js";
export {
  type CurrencyTotal,
  type MalformedValue,
  type MonthlySpending,
  type ProductSummary,
  type PurchaseSummary,
  type SummaryOptions,
  summarisePurchases,
} from "./purchases/summarise-purchases.js";
export {
  type Difference,
  type DiscrepancyKind,
  describeDifference,
  type Outcome,
  type Repair,
} from "./reconcile/difference.js";
export {
  type ReconcileCounts,
  type ReconcileFlowOptions,
  type ReconcileOptions,
  type Reconciliation,
  reconcile,
} from "./reconcile/reconcile.js";
export * from "./retry.js";
export type { CallFigures } from "./shadow/call-meter.js";
export {
  type ShadowAgreement,
  type ShadowedCall,
  type ShadowedPart,
  type ShadowIndex,
  type ShadowOptions,
  type ShadowReport,
  shadow,
} from "./shadow/shadow.js";
export * from "./sleep.js";
export * from "./spec/adapter.js";
export * from "./spec/detector.js";
export * from "./spec/embedder.js";
export * from "./spec/face.js";
export * from "./spec/face-index.js";
export * from "./spec/face-records.js";
export * from "./spec/image.js";
export * from "./spec/member-source.js";
export * from "./spec/photo-store.js";
export * from "./spec/search-choice.js";
export * from "./spec/snapshot-storage.js";
export * from "./spec/stray-faces.js";
export * from "./spec/vector-index.js";
export * from "./spec/vector-store.js";
export * from "./spec/visit-log.js";
export * from "./stores/abortable.js";
export * from "./stores/check-entries.js";
export * from "./stores/errors.js";
export * from "./stores/import-client.js";
export * from "./stores/ordered-text.js";
export * from "./stores/paged.js";
export * from "./stores/scored-members.js";
export * from "./stores/within.js";
export * from "./threshold.js";
export * from "./vector-store.js";
export * from "./vectors.js";
