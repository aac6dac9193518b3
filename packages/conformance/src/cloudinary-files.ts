export interface CloudinaryFile {
  /** Resource type, delivery type and public id, joined by `/`. */
  readonly key: string;
  readonly bytes: Buffer;
  /** The time of the upload in seconds. */
  readonly version: number;
  readonly createdAt: Date;
}

interface Past {
  /** Undefined where there was no file. */
  readonly file: CloudinaryFile | undefined;
  /** By `performance.now()`: clocks may jump. */
  readonly until: number;
}

interface Cached {
  readonly bytes: Buffer;
  readonly until: number;
}

/** What is stored, and what caches and lists that lag behind still take for true. */
export class CloudinaryFiles {
  readonly #files = new Map<string, CloudinaryFile>();
  readonly #past = new Map<string, Past[]>();
  /** By name and version, as a cache keeps URLs. */
  readonly #cached = new Map<string, Cached>();
  readonly #staleMs: number;
  readonly #listLagMs: number;

  constructor(staleMs: number, listLagMs: number) {
    this.#staleMs = staleMs;
    this.#listLagMs = listLagMs;
  }

  get(key: string): CloudinaryFile | undefined {
    return this.#files.get(key);
  }

  all(): CloudinaryFile[] {
    return [...this.#files.values()];
  }

  put(key: string, bytes: Buffer): CloudinaryFile {
    const file = { key, bytes, version: Math.floor(Date.now() / 1000), createdAt: new Date() };
    this.#remember(key);
    this.#files.set(key, file);
    return file;
  }

  delete(key: string): boolean {
    if (!this.#files.has(key)) return false;
    this.#remember(key);
    return this.#files.delete(key);
  }

  /** What a read of a version, or of none, gives. */
  read(key: string, version: number | undefined): Buffer | undefined {
    const now = performance.now();
    const url = `${key} ${version}`;
    const cached = this.#cached.get(url);
    if (cached !== undefined && now < cached.until) return cached.bytes;
    const file = this.#files.get(key);
    const newest = file !== undefined && file.version === version;
    const bytes = newest ? file.bytes : this.#at(key, this.#staleMs)?.bytes;
    if (bytes !== undefined) this.#cached.set(url, { bytes, until: now + this.#staleMs });
    return bytes;
  }

  /** By name. */
  listed(prefix: string): CloudinaryFile[] {
    const keys = new Set([...this.#files.keys(), ...this.#past.keys()]);
    return [...keys]
      .filter((key) => key.startsWith(prefix))
      .sort()
      .flatMap((key) => this.#at(key, this.#listLagMs) ?? []);
  }

  #remember(key: string): void {
    if (this.#staleMs === 0 && this.#listLagMs === 0) return;
    const past = this.#past.get(key) ?? [];
    past.push({ file: this.#files.get(key), until: performance.now() });
    this.#past.set(key, past);
  }

  /** The file as it was so many milliseconds ago. */
  #at(key: string, ago: number): CloudinaryFile | undefined {
    const then = performance.now() - ago;
    const past = ago === 0 ? undefined : this.#past.get(key)?.find(({ until }) => until > then);
    return past === undefined ? this.#files.get(key) : past.file;
  }
}
