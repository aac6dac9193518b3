/** What the service answers in place of a result: HTTP 400, or 500 for faults of its own. */
export class ServiceError extends Error {
  constructor(
    /** The `__type`. */
    readonly type: string,
    message: string,
    readonly status: 400 | 500 = 400,
  ) {
    super(message);
  }
}

/** A request's body as it came. */
export type Body = Readonly<Record<string, unknown>>;

// Of the service's model, version 2016-06-27.
const collectionPattern = /^[a-zA-Z0-9_.-]{1,255}$/;
const userPattern = /^[a-zA-Z0-9_.:-]{1,128}$/;
const externalPattern = /^[a-zA-Z0-9_.:-]{1,255}$/;
const facePattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const tokenPattern = /^[a-zA-Z0-9_-]{1,64}$/;
const filters = ["NONE", "AUTO", "LOW", "MEDIUM", "HIGH"];
/** Bytes of an image in a request. */
const maxImageBytes = 5_242_880;

function invalid(what: string): ServiceError {
  return new ServiceError("InvalidParameterException", `Request has invalid parameters: ${what}`);
}

function textOf(body: Body, name: string, pattern: RegExp): string | undefined {
  const value = body[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "string" || !pattern.test(value)) throw invalid(name);
  return value;
}

function wanted<T>(value: T | undefined, name: string): T {
  if (value === undefined) throw invalid(`${name} is missing`);
  return value;
}

export function collectionIdOf(body: Body): string {
  return wanted(textOf(body, "CollectionId", collectionPattern), "CollectionId");
}

export function userIdOf(body: Body): string {
  return wanted(optionalUserIdOf(body), "UserId");
}

export function optionalUserIdOf(body: Body): string | undefined {
  return textOf(body, "UserId", userPattern);
}

export function externalImageIdOf(body: Body): string | undefined {
  return textOf(body, "ExternalImageId", externalPattern);
}

export function requestTokenOf(body: Body): string | undefined {
  return textOf(body, "ClientRequestToken", tokenPattern);
}

export function faceIdsOf(body: Body, most: number): string[] {
  return wanted(optionalFaceIdsOf(body, most), "FaceIds");
}

export function optionalFaceIdsOf({ FaceIds: ids }: Body, most: number): string[] | undefined {
  if (ids === undefined || ids === null) return undefined;
  if (!Array.isArray(ids) || ids.length < 1 || ids.length > most) throw invalid(`FaceIds, of 1 to ${most}`);
  return ids.map((id) => {
    if (typeof id !== "string" || !facePattern.test(id)) throw invalid("FaceIds");
    return id;
  });
}

export function numberOf(body: Body, name: string, min: number, max: number, otherwise: number): number {
  const value = body[name] ?? otherwise;
  if (typeof value !== "number" || !(value >= min && value <= max)) throw invalid(`${name}, from ${min} to ${max}`);
  return value;
}

export function filterOf({ QualityFilter: filter = undefined }: Body, otherwise: string): string {
  if (filter === undefined || filter === null) return otherwise;
  if (typeof filter !== "string" || !filters.includes(filter)) throw invalid("QualityFilter");
  return filter;
}

/** The bytes of an image: a JPEG or PNG of at most 5 MB. Objects in S3 are not known here. */
export function imageBytesOf(body: Body, name: string): Uint8Array {
  const image = body[name];
  if (typeof image !== "object" || image === null) throw invalid(`${name} is missing`);
  if ("S3Object" in image) throw new ServiceError("InvalidS3ObjectException", "Unable to get object metadata from S3.");
  const encoded = "Bytes" in image ? image.Bytes : undefined;
  if (typeof encoded !== "string" || encoded.length === 0) throw invalid(`${name}.Bytes`);
  const bytes = Buffer.from(encoded, "base64");
  if (bytes.length > maxImageBytes) {
    throw new ServiceError(
      "ValidationException",
      `1 validation error detected: Value at 'image.bytes' failed to satisfy constraint: Member must have length less than or equal to ${maxImageBytes}`,
    );
  }
  const isJpeg = bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff;
  const isPng = bytes.length > 8 && bytes.readUInt32BE(0) === 0x89504e47;
  if (!isJpeg && !isPng) throw new ServiceError("InvalidImageFormatException", "Request has invalid image format");
  return bytes;
}
