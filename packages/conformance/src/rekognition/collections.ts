import { createHash, randomUUID } from "node:crypto";
import { meanTemplate, type VectorIndex } from "@facekit/core";
import { boundingBoxOf, detailOf, facesOf, type RekognitionEngine, refusalOf, type SeenFace } from "./engine.js";
import {
  type Body,
  collectionIdOf,
  externalImageIdOf,
  faceIdsOf,
  filterOf,
  imageBytesOf,
  numberOf,
  optionalFaceIdsOf,
  optionalUserIdOf,
  requestTokenOf,
  ServiceError,
  userIdOf,
} from "./requests.js";

interface StoredFace {
  readonly id: string;
  readonly vector: Float32Array;
  readonly boundingBox: Record<string, number>;
  readonly confidence: number;
  readonly imageId: string;
  readonly externalImageId: string | undefined;
  userId: string | undefined;
}

interface Collection {
  readonly id: string;
  readonly created: number;
  readonly faces: Map<string, StoredFace>;
  /** The faces of each user. */
  readonly users: Map<string, Set<string>>;
  /** Which faces an image with an external id gave: the same again is not saved twice. */
  readonly images: Map<string, readonly string[]>;
}

export interface CollectionsOptions {
  readonly engine: RekognitionEngine & { readonly index: VectorIndex };
  readonly confidence: (cosine: number) => number;
  readonly lagMs: number;
  readonly pageSize: number;
}

type Answer = Record<string, unknown>;

const modelVersion = "7.0";
/** Faces of a user at most. */
const maxFacesOfUser = 100;
const keptImages = 32;

/** The state of the service: collections, their faces and users, searched by the engine's own index. */
export class Collections {
  readonly #collections = new Map<string, Collection>();
  readonly #answers = new Map<string, { readonly request: string; readonly answer: Answer }>();
  readonly #later: { readonly at: number; readonly change: () => Promise<void> }[] = [];
  readonly #options: CollectionsOptions;
  readonly #seen = new Map<string, Promise<SeenFace[]>>();
  #opened: Promise<void> | undefined;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: CollectionsOptions) {
    this.#options = options;
  }

  /** The answer to an operation; undefined for one that is not known. */
  async answer(operation: string, body: Body): Promise<Answer | undefined> {
    const { index, embedder } = this.#options.engine;
    this.#opened ??= index.open(embedder.space).catch((error: unknown) => {
      this.#opened = undefined;
      throw error;
    });
    await this.#opened;
    const operations: Record<string, () => Answer | Promise<Answer>> = {
      CreateCollection: () => this.#createCollection(body),
      DescribeCollection: () => this.#describeCollection(body),
      DeleteCollection: () => this.#exclusively(() => this.#deleteCollection(body)),
      ListCollections: () => this.#listCollections(body),
      IndexFaces: () => this.#indexFaces(body),
      DeleteFaces: () => this.#exclusively(() => this.#deleteFaces(body)),
      ListFaces: () => this.#listFaces(body),
      CreateUser: () => this.#once(operation, body, () => this.#createUser(body)),
      DeleteUser: () => this.#exclusively(() => this.#once(operation, body, () => this.#deleteUser(body))),
      ListUsers: () => this.#listUsers(body),
      AssociateFaces: () => this.#exclusively(() => this.#once(operation, body, () => this.#associateFaces(body))),
      DisassociateFaces: () =>
        this.#exclusively(() => this.#once(operation, body, () => this.#disassociateFaces(body))),
      SearchUsersByImage: () => this.#searchUsersByImage(body),
      DetectFaces: () => this.#detectFaces(body),
      CompareFaces: () => this.#compareFaces(body),
    };
    return operations[operation]?.();
  }

  #createCollection(body: Body): Answer {
    const id = collectionIdOf(body);
    if (this.#collections.has(id)) {
      throw new ServiceError("ResourceAlreadyExistsException", `The collection id: ${id} already exists`);
    }
    const created = Date.now();
    this.#collections.set(id, { id, created, faces: new Map(), users: new Map(), images: new Map() });
    return { StatusCode: 200, CollectionArn: arnOf(id), FaceModelVersion: modelVersion };
  }

  #describeCollection(body: Body): Answer {
    const { id, created, faces, users } = this.#collection(body);
    return {
      FaceCount: faces.size,
      UserCount: users.size,
      FaceModelVersion: modelVersion,
      CollectionARN: arnOf(id),
      CreationTimestamp: created / 1000,
    };
  }

  async #deleteCollection(body: Body): Promise<Answer> {
    const collection = this.#collection(body);
    this.#collections.delete(collection.id);
    const { index } = this.#options.engine;
    await this.#change(() => index.remove(usersIn(collection.id), [...collection.users.keys()]));
    return { StatusCode: 200 };
  }

  #listCollections(body: Body): Answer {
    const { page, NextToken } = this.#page([...this.#collections.keys()], body, 4096, "ListCollections");
    return { CollectionIds: page, FaceModelVersions: page.map(() => modelVersion), NextToken };
  }

  async #indexFaces(body: Body): Promise<Answer> {
    const { engine } = this.#options;
    const collection = this.#collection(body);
    const bytes = imageBytesOf(body, "Image");
    const externalImageId = externalImageIdOf(body);
    const most = numberOf(body, "MaxFaces", 1, Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
    const filter = filterOf(body, "AUTO");
    const imageId = uuidOf(bytes);
    const seen = await this.#faces(bytes);
    const fit: SeenFace[] = [];
    const unindexed: Answer[] = [];
    for (const face of seen) {
      const reason = refusalOf(face, filter) ?? (fit.length >= most ? "EXCEEDS_MAX_FACES" : undefined);
      if (reason === undefined) fit.push(face);
      else unindexed.push({ Reasons: [reason], FaceDetail: detailOf(face) });
    }
    const vectors = fit.length === 0 ? [] : await engine.embedder.embed(fit);
    return this.#exclusively(async () => {
      this.#collection(body);
      const image = `${imageId} ${externalImageId}`;
      const known = collection.images.get(image)?.filter((id) => collection.faces.has(id)) ?? [];
      const ids = fit.map((_, i) => known[i] ?? randomUUID());
      const added = ids.flatMap((id, i): StoredFace[] => {
        const [face, vector] = [fit[i], vectors[i]];
        if (collection.faces.has(id) || face === undefined || vector === undefined) return [];
        const boundingBox = boundingBoxOf(face.image, face.face.box);
        const { confidence } = face;
        return [{ id, vector, boundingBox, confidence, imageId, externalImageId, userId: undefined }];
      });
      for (const face of added) collection.faces.set(face.id, face);
      collection.images.set(image, ids);
      const records = ids.flatMap((id, i) => {
        const [face, stored] = [fit[i], collection.faces.get(id)];
        return face === undefined || stored === undefined ? [] : [{ Face: faceOf(stored), FaceDetail: detailOf(face) }];
      });
      return { FaceRecords: records, UnindexedFaces: unindexed, FaceModelVersion: modelVersion };
    });
  }

  async #deleteFaces(body: Body): Promise<Answer> {
    const collection = this.#collection(body);
    const deleted: string[] = [];
    const unsuccessful: Answer[] = [];
    for (const id of faceIdsOf(body, 4096)) {
      const face = collection.faces.get(id);
      if (face?.userId !== undefined) {
        unsuccessful.push({ FaceId: id, UserId: face.userId, Reasons: ["ASSOCIATED_TO_AN_EXISTING_USER"] });
      } else if (collection.faces.delete(id)) deleted.push(id);
      else unsuccessful.push({ FaceId: id, Reasons: ["FACE_NOT_FOUND"] });
    }
    return { DeletedFaces: deleted, UnsuccessfulFaceDeletions: unsuccessful };
  }

  #listFaces(body: Body): Answer {
    const { faces, users } = this.#collection(body);
    const userId = optionalUserIdOf(body);
    if (userId !== undefined && !users.has(userId)) throw missing(`The user id: ${userId}`);
    const named = optionalFaceIdsOf(body, 4096);
    const ids = [...(userId === undefined ? faces.keys() : (users.get(userId) ?? []))];
    const wanted = named === undefined ? ids : ids.filter((id) => named.includes(id));
    const { page, NextToken } = this.#page(wanted, body, 4096, `ListFaces ${userId}`);
    const listed = page.flatMap((id) => {
      const face = faces.get(id);
      return face === undefined ? [] : [faceOf(face)];
    });
    return { Faces: listed, FaceModelVersion: modelVersion, NextToken };
  }

  #createUser(body: Body): Answer {
    const { users } = this.#collection(body);
    const userId = userIdOf(body);
    if (users.has(userId)) throw new ServiceError("ConflictException", "A User with the same Id already exists");
    users.set(userId, new Set());
    return {};
  }

  async #deleteUser(body: Body): Promise<Answer> {
    const collection = this.#collection(body);
    const userId = userIdOf(body);
    for (const id of this.#facesOfUser(collection, userId)) setUser(collection, id, undefined);
    collection.users.delete(userId);
    await this.#change(() => this.#options.engine.index.remove(usersIn(collection.id), [userId]));
    return {};
  }

  #listUsers(body: Body): Answer {
    const { users } = this.#collection(body);
    const { page, NextToken } = this.#page([...users.keys()], body, 500, "ListUsers");
    return {
      Users: page.map((UserId) => ({ UserId, UserStatus: users.get(UserId)?.size ? "ACTIVE" : "CREATED" })),
      NextToken,
    };
  }

  async #associateFaces(body: Body): Promise<Answer> {
    const collection = this.#collection(body);
    const userId = userIdOf(body);
    const own = this.#facesOfUser(collection, userId);
    const threshold = numberOf(body, "UserMatchThreshold", 0, 100, 75);
    const template = templateOf(collection, own);
    const associated: Answer[] = [];
    const unsuccessful: Answer[] = [];
    for (const id of faceIdsOf(body, 100)) {
      const face = collection.faces.get(id);
      if (own.has(id)) continue;
      const refuse = (Reasons: string[], Confidence?: number): unknown =>
        unsuccessful.push({ FaceId: id, UserId: face?.userId ?? userId, Reasons, Confidence });
      const confidence =
        face === undefined || template === undefined ? 100 : this.#options.confidence(dot(face.vector, template));
      if (face === undefined) refuse(["FACE_NOT_FOUND"]);
      else if (face.userId !== undefined) refuse(["ASSOCIATED_TO_A_DIFFERENT_USER"]);
      else if (confidence < threshold) refuse(["LOW_MATCH_CONFIDENCE"], confidence);
      else if (own.size >= maxFacesOfUser) {
        if (associated.length === 0) {
          throw new ServiceError("ServiceQuotaExceededException", `A user has ${maxFacesOfUser} faces at most`);
        }
        refuse([]);
      } else {
        own.add(id);
        setUser(collection, id, userId);
        associated.push({ FaceId: id });
      }
    }
    await this.#userChanged(collection, userId, own);
    return {
      AssociatedFaces: associated,
      UnsuccessfulFaceAssociations: unsuccessful,
      UserStatus: this.#options.lagMs > 0 ? "UPDATING" : "ACTIVE",
    };
  }

  async #disassociateFaces(body: Body): Promise<Answer> {
    const collection = this.#collection(body);
    const userId = userIdOf(body);
    const own = this.#facesOfUser(collection, userId);
    const disassociated: Answer[] = [];
    const unsuccessful: Answer[] = [];
    for (const id of faceIdsOf(body, 100)) {
      const face = collection.faces.get(id);
      if (own.delete(id)) {
        setUser(collection, id, undefined);
        disassociated.push({ FaceId: id });
      } else if (face === undefined) unsuccessful.push({ FaceId: id, Reasons: ["FACE_NOT_FOUND"] });
      else if (face.userId !== undefined) {
        unsuccessful.push({ FaceId: id, UserId: face.userId, Reasons: ["ASSOCIATED_TO_A_DIFFERENT_USER"] });
      }
    }
    await this.#userChanged(collection, userId, own);
    return {
      DisassociatedFaces: disassociated,
      UnsuccessfulFaceDisassociations: unsuccessful,
      UserStatus: own.size > 0 ? "ACTIVE" : "CREATED",
    };
  }

  async #searchUsersByImage(body: Body): Promise<Answer> {
    const collection = this.#collection(body);
    const { searched, unsearched } = await this.#searched(body);
    if (searched === undefined) {
      return { UserMatches: [], UnsearchedFaces: unsearched, FaceModelVersion: modelVersion };
    }
    const found = await this.#nearest(collection, searched.vector, body);
    return {
      UserMatches: userMatches(found),
      SearchedFace: { FaceDetail: detailOf(searched.seen) },
      UnsearchedFaces: unsearched,
      FaceModelVersion: modelVersion,
    };
  }

  async #detectFaces(body: Body): Promise<Answer> {
    const faces = await this.#faces(imageBytesOf(body, "Image"));
    return { FaceDetails: faces.map(detailOf), OrientationCorrection: null };
  }

  async #compareFaces(body: Body): Promise<Answer> {
    const { engine, confidence } = this.#options;
    const threshold = numberOf(body, "SimilarityThreshold", 0, 100, 80);
    const filter = filterOf(body, "NONE");
    const fit = async (name: "SourceImage" | "TargetImage"): Promise<SeenFace[]> =>
      (await this.#faces(imageBytesOf(body, name))).filter((face) => refusalOf(face, filter) === undefined);
    const [source] = await fit("SourceImage");
    const targets = await fit("TargetImage");
    if (source === undefined || targets.length === 0) throw noFaces();
    const [own, ...others] = await engine.embedder.embed([source, ...targets]);
    const compared = targets.map((target, i) => {
      const other = others[i];
      return { target, similarity: own && other ? confidence(dot(own, other)) : 0 };
    });
    compared.sort((a, b) => b.similarity - a.similarity);
    return {
      SourceImageFace: { BoundingBox: boundingBoxOf(source.image, source.face.box), Confidence: source.confidence },
      FaceMatches: compared
        .filter(({ similarity }) => similarity >= threshold)
        .map(({ target, similarity }) => ({ Similarity: similarity, Face: detailOf(target) })),
      UnmatchedFaces: compared.filter(({ similarity }) => similarity < threshold).map(({ target }) => detailOf(target)),
    };
  }

  /** The faces of an image. Those of the last images are kept: tests send the same ones again and again. */
  #faces(bytes: Uint8Array): Promise<SeenFace[]> {
    const id = uuidOf(bytes);
    const known = this.#seen.get(id);
    if (known !== undefined) return known;
    const faces = facesOf(this.#options.engine, bytes).catch((error: unknown) => {
      this.#seen.delete(id);
      throw error;
    });
    this.#seen.set(id, faces);
    const [oldest] = this.#seen.keys();
    if (this.#seen.size > keptImages && oldest !== undefined) this.#seen.delete(oldest);
    return faces;
  }

  #collection(body: Body): Collection {
    const id = collectionIdOf(body);
    const collection = this.#collections.get(id);
    if (collection === undefined) throw missing(`The collection id: ${id}`);
    return collection;
  }

  #facesOfUser({ users }: Collection, userId: string): Set<string> {
    const faces = users.get(userId);
    if (faces === undefined) throw missing(`The user id: ${userId}`);
    return faces;
  }

  /** The largest face of an image that passes the quality bar, and those that were not searched. */
  async #searched(body: Body): Promise<{
    readonly searched?: { readonly seen: SeenFace; readonly vector: Float32Array };
    readonly unsearched: Answer[];
  }> {
    const { engine } = this.#options;
    const filter = filterOf(body, "NONE");
    const faces = await this.#faces(imageBytesOf(body, "Image"));
    const seen = faces.find((face) => refusalOf(face, filter) === undefined);
    const unsearched = faces
      .filter((face) => face !== seen)
      .map((face) => ({ FaceDetails: detailOf(face), Reasons: [refusalOf(face, filter) ?? "FACE_NOT_LARGEST"] }));
    const [vector] = seen === undefined ? [] : await engine.embedder.embed([seen]);
    return seen === undefined || vector === undefined ? { unsearched } : { searched: { seen, vector }, unsearched };
  }

  /** The users whose vectors are nearest. */
  async #nearest(
    { id }: Collection,
    vector: Float32Array,
    body: Body,
  ): Promise<{ readonly id: string; readonly similarity: number }[]> {
    const k = numberOf(body, "MaxUsers", 1, 500, 80);
    const threshold = numberOf(body, "UserMatchThreshold", 0, 100, 80);
    await this.#settle();
    const { hits } = await this.#options.engine.index.search(usersIn(id), [vector], { k });
    return (hits[0] ?? [])
      .map(({ memberId, similarity }) => ({ id: memberId, similarity: this.#options.confidence(similarity) }))
      .filter(({ similarity }) => similarity >= threshold);
  }

  /** Gives the search index the mean of a user's faces: the user vector. */
  #userChanged(collection: Collection, userId: string, faces: ReadonlySet<string>): Promise<void> {
    const { index } = this.#options.engine;
    const vector = templateOf(collection, faces);
    return this.#change(() =>
      vector === undefined
        ? index.remove(usersIn(collection.id), [userId])
        : index.add(usersIn(collection.id), [{ id: userId, memberId: userId, vector }]),
    );
  }

  /** Changes the search index now, or when the lag is over. */
  async #change(change: () => Promise<void>): Promise<void> {
    if (this.#options.lagMs === 0) await change();
    else this.#later.push({ at: performance.now() + this.#options.lagMs, change });
  }

  async #settle(): Promise<void> {
    await this.#exclusively(async () => {
      while ((this.#later[0]?.at ?? Number.POSITIVE_INFINITY) <= performance.now()) await this.#later.shift()?.change();
    });
  }

  /** One after the other. */
  #exclusively<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(work);
    this.#turn = done.catch(() => undefined);
    return done;
  }

  /** The same request token again gets the same answer again. */
  async #once(operation: string, body: Body, work: () => Answer | Promise<Answer>): Promise<Answer> {
    const token = requestTokenOf(body);
    if (token === undefined) return work();
    const request = JSON.stringify(body);
    const known = this.#answers.get(`${operation} ${token}`);
    if (known === undefined) {
      const answer = await work();
      this.#answers.set(`${operation} ${token}`, { request, answer });
      return answer;
    }
    if (known.request === request) return known.answer;
    throw new ServiceError("IdempotentParameterMismatchException", "The ClientRequestToken was used before");
  }

  /** In the order of a key of the system's own, which is neither that of the ids nor that in which they came. */
  #page(ids: readonly string[], body: Body, most: number, listing: string): { page: string[]; NextToken?: string } {
    const size = Math.min(numberOf(body, "MaxResults", 0, most, most) || most, this.#options.pageSize);
    const after = afterOf(body, listing);
    const sorted = ids
      .map((id) => ({ id, key: uuidOf(id) }))
      .filter(({ key }) => key > after)
      .sort((a, b) => (a.key < b.key ? -1 : 1));
    const page = sorted.slice(0, size);
    const last = page.at(-1)?.key;
    return {
      page: page.map(({ id }) => id),
      ...(sorted.length > size && last !== undefined
        ? { NextToken: Buffer.from(`${last} ${uuidOf(listing)}`).toString("base64") }
        : {}),
    };
  }
}

function afterOf({ NextToken: token }: Body, listing: string): string {
  if (token === undefined || token === null) return "";
  const [after, of] = Buffer.from(String(token), "base64").toString().split(" ");
  if (after !== undefined && of === uuidOf(listing)) return after;
  throw new ServiceError("InvalidPaginationTokenException", "Provided pagination token is not valid");
}

function setUser({ faces }: Collection, faceId: string, userId: string | undefined): void {
  const face = faces.get(faceId);
  if (face !== undefined) face.userId = userId;
}

function templateOf({ faces }: Collection, ids: ReadonlySet<string>): Float32Array | undefined {
  const vectors = [...ids].sort().flatMap((id) => faces.get(id)?.vector ?? []);
  return vectors.length < 2 ? vectors[0] : meanTemplate(vectors);
}

function dot(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0);
}

function faceOf(face: StoredFace): Answer {
  return {
    FaceId: face.id,
    BoundingBox: face.boundingBox,
    ImageId: face.imageId,
    ExternalImageId: face.externalImageId,
    Confidence: face.confidence,
    IndexFacesModelVersion: modelVersion,
    UserId: face.userId,
  };
}

function userMatches(found: readonly { readonly id: string; readonly similarity: number }[]): Answer[] {
  return found.map(({ id, similarity }) => ({
    Similarity: similarity,
    User: { UserId: id, UserStatus: "ACTIVE" },
  }));
}

function missing(what: string): ServiceError {
  return new ServiceError("ResourceNotFoundException", `${what} does not exist`);
}

function noFaces(): ServiceError {
  return new ServiceError("InvalidParameterException", "There are no faces in the image. Should be at least 1.");
}

function usersIn(collectionId: string): string {
  return `users/${collectionId}`;
}

function arnOf(collectionId: string): string {
  return `aws:rekognition:eu-west-1:000000000000:collection/${collectionId}`;
}

/** The same id for the same content. */
function uuidOf(content: Uint8Array | string): string {
  const hex = createHash("sha256").update(content).digest("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join("-");
}
