import type {
  Detector,
  Embedder,
  FaceIndex,
  FaceKitOptions,
  FaceRecords,
  LoadOptions,
  MemberSource,
  SearchChoice,
  VectorStore,
  VisitLog,
} from "@facekit/core";
import type { DecodeLimits } from "./decode.js";
import type { SearchIndex } from "./search-index.js";
import type { SessionOptions } from "./session.js";

/** Templates, members and visits in one database: what `sqliteStore`, `postgresStore` and `mysqlStore` make. */
export interface DatabaseStore {
  readonly faceRecords: FaceRecords;
  readonly members: MemberSource;
  readonly visits: VisitLog;
}

/** Everything has a default: `createFaceKit()` alone recognises faces with the bundled models and keeps them in memory. */
export interface NodeFaceKitOptions extends Omit<FaceKitOptions, "index">, LoadOptions {
  /**
   * Where templates, members and visits are kept: an SQLite file by its path, or a database. A `VectorStore` keeps the
   * templates alone. The kit owns the store, and closes it. Default: memory.
   */
  readonly store?: string | DatabaseStore | VectorStore;
  /** `"bundled"` or `DETECTOR+EMBEDDER` by card id, for example `"yunet+retail-0095"`. Default `"bundled"`. */
  readonly models?: string;
  /** Where model files are looked for before the cache. */
  readonly modelsDirectory?: string | readonly string[];
  /** Where downloaded models are kept. Default: the platform's cache directory for the user. */
  readonly cacheDirectory?: string;
  /** Models whose licence forbids commercial use are refused without this. */
  readonly acceptNonCommercial?: boolean;
  /** Parts of your own instead of those that `models` names. */
  readonly detector?: Detector;
  readonly embedder?: Embedder;
  /**
   * How templates are searched, where the store is no `VectorStore`, which has its own search: `"exact"` (the default) compares with
   * all; `"hnsw"` searches large galleries approximately, by `@facekit/index-hnsw`; `"auto"` takes whichever is the faster
   * one, and is exact where that package is missing; or a `VectorIndex` of your own.
   *
   * Or a whole `FaceIndex`, for example a hosted service; then `store` and the models are not used.
   */
  readonly index?: SearchIndex | FaceIndex;
  /** With `index` of `"hnsw"` or `"auto"`: told whenever a namespace is searched in another way than before, and why. */
  readonly onChoice?: (choice: SearchChoice) => void;
  /** Limits of what is decoded. */
  readonly image?: DecodeLimits;
  /** How ONNX Runtime runs. */
  readonly session?: SessionOptions;
}
