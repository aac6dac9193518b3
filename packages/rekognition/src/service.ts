import type { RekognitionClient } from "@aws-sdk/client-rekognition";
import { type AwsConnectionOptions, type AwsFailure, type AwsService, awsService, withoutBodies } from "@facekit/aws";
import { FaceKitError } from "@facekit/core";

type Sdk = typeof import("@aws-sdk/client-rekognition");

export type Rekognition = AwsService<Sdk, RekognitionClient>;

/** How Rekognition is reached. */
export type RekognitionConnectionOptions = AwsConnectionOptions<RekognitionClient>;

/** Names the index in errors. */
export const adapterId = "rekognition";

export function rekognitionService(options: RekognitionConnectionOptions, adapter: string = adapterId): Rekognition {
  const { client, region, endpoint, credentials, timeoutMs } = options;
  return awsService<Sdk, RekognitionClient>({
    adapter,
    prefix: "rekognition",
    client: "@aws-sdk/client-rekognition",
    load: () => import("@aws-sdk/client-rekognition"),
    create: (sdk, configuration) => new sdk.RekognitionClient(configuration),
    options: {
      ...(client && { client }),
      ...(region === undefined ? {} : { region }),
      ...(endpoint === undefined ? {} : { endpoint }),
      ...(credentials && { credentials }),
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
    },
    explain: (failure) => explain(failure, adapter),
  });
}

/** Whether an error of the SDK has this name. */
export function isNamed(error: unknown, name: string): boolean {
  return error instanceof Error && error.name === name;
}

/** What they are given is checked before it is sent, so all that is left to be wrong with it is that no face is seen. */
const lookAtFaces = ["CompareFaces", "SearchUsersByImage"];

/** Of a list whose pages ended before they were read, of another service at this endpoint, and of a damaged request. */
const answersToNothing = ["InvalidPaginationTokenException", "SerializationException", "UnknownOperationException"];

function explain({ operation, name, message, error }: AwsFailure, adapter: string): FaceKitError | undefined {
  const about = { adapter, cause: withoutBodies(error), details: { operation: `rekognition:${operation}` } };
  if (name === "InvalidParameterException" && lookAtFaces.includes(operation)) {
    return new FaceKitError("no-face", `Rekognition sees no face in what rekognition:${operation} was sent.`, about);
  }
  if (name === "InvalidImageFormatException") {
    return new FaceKitError("image-unreadable", `Rekognition cannot read the photo (${message}).`, about);
  }
  if (name === "ImageTooLargeException") {
    return new FaceKitError("image-too-large", `The photo is too large for Rekognition (${message}).`, about);
  }
  if (name === "ConflictException") {
    const text = `Another call changes the same user as rekognition:${operation} (${message}).`;
    return new FaceKitError("service-unavailable", text, { ...about, retryable: true });
  }
  if (answersToNothing.includes(name)) {
    const text = `Rekognition, or what stands in its place, does not know what to do with rekognition:${operation} (${name}).`;
    return new FaceKitError("service-unavailable", text, about);
  }
  return undefined;
}
