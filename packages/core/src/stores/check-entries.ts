import { checkDate, checkId, checkNumber, checkText } from "../checks.js";
import { FaceKitError } from "../errors.js";
import type { EmbeddingSpace } from "../spec/embedder.js";
import type { FaceRecord } from "../spec/face-records.js";
import type { Member, Purchase } from "../spec/member-source.js";
import type { Visit, VisitQuery } from "../spec/visit-log.js";
import { checkVector } from "../vectors.js";

/** What may be stored, the same for every store. Each throws `invalid-argument`, for a vector `invalid-vector`. */
export function checkFaceRecord(record: FaceRecord, space: EmbeddingSpace, adapter: string): void {
  checkId("record.id", record.id);
  checkId("record.memberId", record.memberId);
  checkVector(record.vector, space, adapter);
  checkDate("record.createdAt", record.createdAt);
  optional("record.source", record.source, checkText);
}

export function checkMember(member: Member): void {
  checkId("member.id", member.id);
  optional("member.name", member.name, checkText);
  optional("member.email", member.email, checkText);
  optional("member.phone", member.phone, checkText);
  optional("member.createdAt", member.createdAt, checkDate);
  for (const faceId of member.faceIds ?? []) checkId("member.faceIds", faceId);
}

export function checkPurchase(purchase: Purchase): void {
  checkId("purchase.id", purchase.id);
  checkText("purchase.product", purchase.product);
  checkFinite("purchase.quantity", purchase.quantity);
  checkText("purchase.total", purchase.total);
  checkText("purchase.currency", purchase.currency);
  optional("purchase.at", purchase.at, checkDate);
}

export function checkVisit(visit: Visit): void {
  checkId("visit.key", visit.key);
  checkId("visit.memberId", visit.memberId);
  checkDate("visit.at", visit.at);
  checkText("visit.timeZone", visit.timeZone);
  optional("visit.place", visit.place, checkText);
  optional("visit.session", visit.session, checkText);
  optional("visit.similarity", visit.similarity, checkFinite);
}

export function checkVisitQuery(query: VisitQuery): void {
  optional("query.from", query.from, checkDate);
  optional("query.until", query.until, checkDate);
}

/** What a photo store takes: ids, and bytes, of which there is one at least. */
export function checkPhoto(memberId: string, id: string, photo: Uint8Array): void {
  checkId("memberId", memberId);
  checkId("photo id", id);
  if (photo instanceof Uint8Array && photo.length > 0) return;
  throw new FaceKitError("invalid-argument", "photo wants the bytes of an encoded photo; got none.");
}

function checkFinite(name: string, value: unknown): void {
  checkNumber(name, value, { min: -Number.MAX_VALUE, max: Number.MAX_VALUE });
}

function optional<T>(name: string, value: T | undefined, check: (name: string, value: T) => void): void {
  if (value !== undefined) check(name, value);
}
