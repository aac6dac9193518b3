import { awsOptionNames } from "@facekit/aws";
import {
  abortable,
  type Calibration,
  type CallOptions,
  checkFunction,
  checkId,
  checkKeys,
  checkNumber,
  type DecodedImage,
  type Face,
  type FaceIndex,
  FaceKitError,
  type FaceProbe,
  type ImageDecoder,
  type ImageEncoder,
  isDecodedImage,
  isFaceKitError,
  limiter,
  type MemberMatch,
  type MemberSearchOptions,
  mapConcurrently,
  specVersion,
} from "@facekit/core";
import { checkDetectOptions, detectFaces, facesAskedFor } from "./detect.js";
import { checkNumberOfFaces, enrolFaces, type QualityFilter } from "./enrolment.js";
import { eraseUser } from "./erasure.js";
import { facesOfUser } from "./faces.js";
import { type MemberOf, memberNames } from "./member-names.js";
import { enrolledMembers } from "./members.js";
import { collectionIdOf } from "./names.js";
import { faceAlone, photoToSend } from "./photos.js";
import { photosAtATime } from "./rekognition-detector.js";
import { adapterId, isNamed, type RekognitionConnectionOptions, rekognitionService } from "./service.js";
import { deleteStrays, isStrayId, listStrays, strayFinder } from "./strays.js";

export interface RekognitionIndexOptions extends RekognitionConnectionOptions {
  /** Makes a JPEG or PNG, for example `encodeImage` of `@facekit/node`. All that is sent is made by it. */
  readonly encode: ImageEncoder;
  /** Decodes encoded photos, for example `decodeImage` of `@facekit/node`. Without it only decoded images are accepted. */
  readonly decode?: ImageDecoder;
  /**
   * The service leaves out members below this confidence, 0..100. Default 0: the flows decide by their `threshold`, and
   * tell who was nearest.
   */
  readonly faceMatchThreshold?: number;
  /** How good a face must be to be indexed and searched. Default: the service's, `AUTO` to index and `NONE` to search. */
  readonly qualityFilter?: QualityFilter;
  /**
   * How many members a search asks for at most, 1..500, which is the service's most and the default. A search for some
   * members alone (`verify`) looks for them among so many.
   */
  readonly maxFaces?: number;
  /** Make the collection of a namespace when its first member is enrolled. Default true. */
  readonly createCollections?: boolean;
}

const optionNames = [
  ...awsOptionNames,
  "encode",
  "decode",
  "faceMatchThreshold",
  "qualityFilter",
  "maxFaces",
  "createCollections",
];

/** No error rate is published for any threshold. */
const calibration: Calibration = {
  data: "Amazon Rekognition's default for searches and comparisons",
  defaultFalseMatchRate: 1e-3,
  points: [],
  publishedThreshold: 80,
};

/** Of the longest side of a face that is sent. */
const longestFace = 1024;

/** What a probe is waiting with: the photo until the face is cut out and encoded, then that alone. */
interface ProbeState {
  photo: DecodedImage | undefined;
  readonly face: Face;
  readonly others: readonly Face[];
  readonly isPortrait: boolean;
  sent: Promise<Uint8Array> | undefined;
}

/**
 * A FaceIndex on Amazon Rekognition. A namespace is a collection, a member a user of it (a user vector), and a template a face
 * that the user has. Scores are the service's confidence, 0..100. Writes are seen by searches a little later, and
 * conditional writes do not exist: `matchOrRegister` and `refuseKnownFaces` are refused.
 *
 * Searching a namespace whose collection is not there finds nobody. Once it was seen there, its loss is
 * `namespace-not-found`: nobody is told that a member is a stranger.
 */
export function rekognitionIndex(options: RekognitionIndexOptions): FaceIndex {
  checkKeys("rekognitionIndex", options, optionNames);
  const { encode, decode, faceMatchThreshold = 0, qualityFilter, maxFaces = 500, createCollections = true } = options;
  checkFunction("encode", encode);
  if (decode !== undefined) checkFunction("decode", decode);
  checkNumber("faceMatchThreshold", faceMatchThreshold, { min: 0, max: 100 });
  checkNumber("maxFaces", maxFaces, { min: 1, max: 500, integer: true });
  checkQualityFilter(qualityFilter);
  const service = rekognitionService(options);
  const names = memberNames(service);
  const straysOf = strayFinder(service);
  const states = new WeakMap<FaceProbe, ProbeState>();
  const seen = new Set<string>();
  const limited = limiter(photosAtATime);

  const stateOf = (probe: FaceProbe): ProbeState => {
    const state = states.get(probe);
    if (state !== undefined) return state;
    throw new FaceKitError("invalid-argument", "This probe was made by another index; pass what probe() returned.", {
      adapter: adapterId,
    });
  };

  /** The probe's face alone, encoded; once for all who ask, whoever of them gives up. */
  const faceToSend = (probe: FaceProbe, { signal }: CallOptions): Promise<Uint8Array> => {
    const state = stateOf(probe);
    state.sent ??= encoded(state).catch((error: unknown) => {
      // It may be tried again: the pixels are still there.
      state.sent = undefined;
      throw error;
    });
    return abortable(state.sent, signal);
  };

  const encoded = async (state: ProbeState): Promise<Uint8Array> => {
    const { photo = missingPhoto(), face, others } = state;
    const boxes = others.map(({ box }) => box);
    const { bytes } = await photoToSend(faceAlone(photo, face.box, boxes), encode, longestFace, {});
    state.photo = undefined;
    return bytes;
  };

  /** Works in a namespace's collection; without one, gives `otherwise`, unless it was there before or may not be made. */
  const inCollection = async <T>(namespace: string, otherwise: T, work: (id: string) => Promise<T>): Promise<T> => {
    const id = await collectionIdOf(namespace);
    try {
      const done = await work(id);
      seen.add(id);
      return done;
    } catch (error) {
      if (!isFaceKitError(error, "namespace-not-found")) throw error;
      if (createCollections && !seen.has(id)) return otherwise;
      throw missingCollection(namespace, id, error);
    }
  };

  /** The same for a list. */
  async function* listed<T>(namespace: string, list: (id: string) => AsyncIterable<T>): AsyncGenerator<T> {
    const items = await inCollection(namespace, undefined, async (id) => {
      const iterator = list(id)[Symbol.asyncIterator]();
      return { first: await iterator.next(), iterator };
    });
    for (let next = items?.first; next !== undefined && !next.done; next = await items?.iterator.next()) {
      yield next.value;
    }
  }

  const nearest = async (
    CollectionId: string,
    memberOf: MemberOf,
    probe: FaceProbe,
    { k, memberIds, signal }: MemberSearchOptions,
  ): Promise<MemberMatch[]> => {
    const call = signal === undefined ? {} : { signal };
    const Bytes = await faceToSend(probe, call);
    const request = {
      CollectionId,
      Image: { Bytes },
      MaxUsers: memberIds === undefined ? Math.min(k, maxFaces) : maxFaces,
      UserMatchThreshold: faceMatchThreshold,
      ...(qualityFilter === undefined ? {} : { QualityFilter: qualityFilter }),
    };
    const { SearchedFace, UserMatches = [] } = await service.call(
      "SearchUsersByImage",
      (client, sdk, http) => client.send(new sdk.SearchUsersByImageCommand(request), http),
      call,
    );
    if (SearchedFace === undefined) {
      throw new FaceKitError("no-face", "Rekognition sees no face here that is good enough to search for.", {
        adapter: adapterId,
      });
    }
    const matches: MemberMatch[] = [];
    for (const { Similarity: similarity, User } of UserMatches) {
      if (similarity === undefined || User?.UserId === undefined) continue;
      const memberId = await memberOf(User.UserId);
      if (memberId !== undefined && (memberIds?.includes(memberId) ?? true)) matches.push({ memberId, similarity });
    }
    for (const memberId of new Set(memberIds)) {
      if (matches.length >= k) break;
      if (matches.some((match) => match.memberId === memberId)) continue;
      // Somebody who is enrolled, and farther than all that were told.
      const { userId } = await names.userOf(memberId);
      const faces = await facesOfUser(service, CollectionId, userId, call);
      if (faces !== undefined && faces.length > 0) matches.push({ memberId, similarity: 0 });
    }
    return matches.sort((a, b) => b.similarity - a.similarity || (a.memberId < b.memberId ? -1 : 1)).slice(0, k);
  };

  const createCollection = async (CollectionId: string, call: CallOptions): Promise<void> => {
    await service.call(
      "CreateCollection",
      (client, sdk, http) =>
        client.send(new sdk.CreateCollectionCommand({ CollectionId }), http).catch((error: unknown) => {
          if (!isNamed(error, "ResourceAlreadyExistsException")) throw error;
        }),
      call,
    );
  };

  return {
    specVersion,
    id: adapterId,
    capabilities: {
      exact: false,
      readAfterWrite: false,
      persistent: true,
      conditionalWrites: false,
      scores: "confidence",
    },
    concurrency: photosAtATime,
    calibration,

    strays: {
      async *list(namespace, call = {}) {
        checkId("namespace", namespace);
        yield* listed(namespace, (id) => listStrays(service, names, id, call));
      },
      async delete(namespace, ids, call = {}) {
        checkId("namespace", namespace);
        const strayIds = ids.filter(isStrayId);
        if (strayIds.length === 0) return 0;
        return inCollection(namespace, 0, (id) => deleteStrays(service, id, strayIds, call));
      },
    },

    probe: (input, call = {}) =>
      limited(async () => {
        const { signal } = call;
        checkDetectOptions(call);
        const photo = isDecodedImage(input) ? input : await decoderOf(decode)(input, signal && { signal });
        const faces = await detectFaces(service, encode, photo, call);
        return facesAskedFor(faces, call).map((face) => {
          const probe: FaceProbe = { face, imageWidth: photo.width, imageHeight: photo.height };
          const others = faces.filter((other) => other !== face);
          states.set(probe, { photo, face, others, isPortrait: call.scene === "portrait", sent: undefined });
          return probe;
        });
      }, call.signal),

    async search(namespace, probes, call) {
      checkId("namespace", namespace);
      checkNumber("k", call.k, { min: 1, max: Number.MAX_SAFE_INTEGER, integer: true });
      call.signal?.throwIfAborted();
      for (const probe of probes) stateOf(probe);
      if (probes.length === 0) return { revision: 0, matches: [] };
      const none = probes.map((): MemberMatch[] => []);
      const matches = await inCollection(namespace, none, (id) => {
        const memberOf = names.reader(id, call);
        return mapConcurrently(probes, photosAtATime, async (probe) => {
          try {
            return await nearest(id, memberOf, probe, call);
          } catch (error) {
            // In a group, a face that the service does not see again is nobody's; of a portrait the caller is told.
            if (!stateOf(probe).isPortrait && isFaceKitError(error, "no-face")) return [];
            throw error;
          }
        });
      });
      return { revision: 0, matches };
    },

    async enrol(namespace, memberId, probes, call = {}) {
      checkId("namespace", namespace);
      checkId("memberId", memberId);
      const { sources, ifRevision, signal } = call;
      if (ifRevision !== undefined) {
        throw new FaceKitError("not-supported", "Rekognition has no conditional writes: leave ifRevision out.", {
          adapter: adapterId,
        });
      }
      if (sources !== undefined && sources.length !== probes.length) {
        throw new FaceKitError(
          "invalid-argument",
          `sources wants one entry for each probe; got ${sources.length} for ${probes.length}.`,
          { adapter: adapterId },
        );
      }
      checkNumberOfFaces(probes.length);
      signal?.throwIfAborted();
      const options = signal === undefined ? {} : { signal };
      for (const probe of probes) stateOf(probe);
      if (probes.length === 0) return { templateIds: [], revision: 0 };
      const photos = await mapConcurrently(probes, photosAtATime, (probe) => faceToSend(probe, options));
      const user = await names.userOf(memberId);
      const enrol = (id: string): Promise<string[] | undefined> =>
        enrolFaces(service, id, user, photos, qualityFilter, options);
      const templateIds =
        (await inCollection(namespace, undefined, enrol)) ??
        (await inCollection(namespace, [], async (id) => {
          await createCollection(id, options);
          seen.add(id);
          return (await enrol(id)) ?? [];
        }));
      return { templateIds, revision: 0 };
    },

    async compare(a, b, call = {}) {
      call.signal?.throwIfAborted();
      const [source, target] = await Promise.all([faceToSend(a, call), faceToSend(b, call)]);
      const request = {
        SourceImage: { Bytes: source },
        TargetImage: { Bytes: target },
        SimilarityThreshold: 0,
        ...(qualityFilter === undefined ? {} : { QualityFilter: qualityFilter }),
      };
      const { FaceMatches = [] } = await service.call(
        "CompareFaces",
        (client, sdk, http) => client.send(new sdk.CompareFacesCommand(request), http),
        call,
      );
      return Math.max(0, ...FaceMatches.map(({ Similarity = 0 }) => Similarity));
    },

    async deleteMember(namespace, memberId, call = {}) {
      checkId("namespace", namespace);
      checkId("memberId", memberId);
      call.signal?.throwIfAborted();
      const user = await names.userOf(memberId);
      return inCollection(namespace, 0, (id) => eraseUser(service, straysOf, id, user, call));
    },

    async *members(namespace, call = {}) {
      checkId("namespace", namespace);
      yield* listed(namespace, (id) => enrolledMembers(service, names, id, call));
    },

    [Symbol.asyncDispose]: () => service.close(),
  };
}

function missingCollection(namespace: string, collectionId: string, cause: unknown): FaceKitError {
  return new FaceKitError(
    "namespace-not-found",
    `The collection "${collectionId}" of namespace "${namespace}" is not there. Make it, or check the namespace's name and ` +
      "the region.",
    { adapter: adapterId, cause, details: { namespace, collectionId } },
  );
}

function decoderOf(decode: ImageDecoder | undefined): ImageDecoder {
  if (decode !== undefined) return decode;
  throw new FaceKitError(
    "invalid-argument",
    "This index has no decoder: pass decoded pixels, or give rekognitionIndex a decode function.",
    { adapter: adapterId },
  );
}

function checkQualityFilter(filter: string | undefined): void {
  const known = ["NONE", "AUTO", "LOW", "MEDIUM", "HIGH"];
  if (filter === undefined || known.includes(filter)) return;
  throw new FaceKitError("invalid-argument", `qualityFilter wants one of ${known.join(", ")}; got "${filter}".`, {
    adapter: adapterId,
  });
}

function missingPhoto(): never {
  throw new FaceKitError("invalid-argument", "This probe's photo is gone.", { adapter: adapterId });
}
