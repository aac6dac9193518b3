import type { FileHandle } from "node:fs/promises";
import { crc32 } from "node:zlib";
import { Damage } from "../failures.js";

const checksumBytes = 4;

/** Smaller pieces are gathered, larger ones go between file and caller without a copy. */
const bufferBytes = 2 ** 18;

/**
 * Pieces of bytes in a file, each behind its CRC-32, which goes on from that of the piece before and starts from the
 * file's id: a piece that is damaged, missing, or of another place or file is noticed before it is used.
 */
export class SnapshotFile {
  readonly #file: FileHandle;
  readonly #buffer: Buffer = Buffer.allocUnsafe(bufferBytes);
  /** What of the buffer was read ahead; in writing, what waits is from 0 to `#end`. */
  #start = 0;
  #end = 0;
  #checksum: number;
  #filled: Promise<void> = Promise.resolve();

  constructor(file: FileHandle, id: string) {
    this.#file = file;
    this.#checksum = crc32(id);
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.#checksum = crc32(bytes, this.#checksum);
    const checksum = Buffer.alloc(checksumBytes);
    checksum.writeUInt32LE(this.#checksum);
    await this.#append(checksum);
    await this.#append(bytes);
  }

  /** Everything written is on the disk when the promise fulfils. */
  async finish(): Promise<void> {
    await this.#flush();
    await this.#file.sync();
  }

  async read(target: Uint8Array): Promise<void> {
    const checksum = Buffer.alloc(checksumBytes);
    const filled = this.#filled.then(async () => {
      await this.#fill(checksum);
      await this.#fill(target);
    });
    // The next read is begun before this one is checked.
    this.#filled = filled;
    await filled.then(() => undefined);
    this.#checksum = crc32(target, this.#checksum);
    if (checksum.readUInt32LE() !== this.#checksum) throw new Damage("it is not as it was written");
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  async #append(bytes: Uint8Array): Promise<void> {
    if (this.#end + bytes.length > bufferBytes) await this.#flush();
    if (bytes.length >= bufferBytes) return this.#writeAll(bytes);
    this.#buffer.set(bytes, this.#end);
    this.#end += bytes.length;
  }

  async #flush(): Promise<void> {
    await this.#writeAll(this.#buffer.subarray(0, this.#end));
    this.#end = 0;
  }

  async #writeAll(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; ) at += (await this.#file.write(bytes, at)).bytesWritten;
  }

  async #fill(target: Uint8Array): Promise<void> {
    const ahead = Math.min(target.length, this.#end - this.#start);
    target.set(this.#buffer.subarray(this.#start, this.#start + ahead));
    this.#start += ahead;
    for (let at = ahead; at < target.length; ) {
      if (target.length - at >= bufferBytes) {
        at += this.#some((await this.#file.read(target, at, target.length - at)).bytesRead);
      } else {
        this.#end = this.#some((await this.#file.read(this.#buffer, 0, bufferBytes)).bytesRead);
        this.#start = Math.min(target.length - at, this.#end);
        target.set(this.#buffer.subarray(0, this.#start), at);
        at += this.#start;
      }
    }
  }

  #some(bytesRead: number): number {
    if (bytesRead === 0) throw new Damage("it was cut");
    return bytesRead;
  }
}
