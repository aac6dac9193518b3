import type { FaceRecords, SnapshotReader, SnapshotStorage, SnapshotWriter } from "@facekit/core";
import { ensure, equal, rejectsWith } from "./expect.js";
import { axis, record, space } from "./samples.js";
import { lend, type PersistentConformanceOptions } from "./suite.js";

/** Pieces of all sizes, as an index writes them. */
const pieces: readonly Uint8Array[] = [4, 1, 100_000, 0, 3_000_000, 1_048_576, 77].map((length, i) =>
  Uint8Array.from({ length }, (_, at) => (at * 31 + i * 7 + (at >> 8)) % 256),
);

/** What the snapshots of `FaceRecords` must do, where they have a place for some. Part of their suite. */
export function snapshotConformance({ test, create, reopen }: PersistentConformanceOptions<FaceRecords>): void {
  const it = (name: string, run: (records: FaceRecords, snapshots: SnapshotStorage) => Promise<void>): void =>
    test(`FaceRecords, snapshots: ${name}`, () =>
      lend(create, async (records) => {
        await records.open(space);
        if (records.snapshots !== undefined) await run(records, records.snapshots);
      }));

  it("are not there at first", async (_, snapshots) => {
    equal(await isKept(snapshots), false, "kept");
  });

  it("come back as they were written, with their revision, the last one only", async (records, snapshots) => {
    const { revision } = await records.put("n", [record("1", "ann")]);
    equal(await snapshots.keep((write) => writeAll(write, [axis(3)].map(bytesOf), revision - 1)), true, "first keep");
    equal(await snapshots.keep((write) => writeAll(write, pieces, revision)), true, "keep");
    for (let time = 0; time < 2; time++) {
      await using kept = await snapshots.open();
      equal(kept?.revision, revision, "revision");
      if (kept !== undefined) equal(await readAll(kept.read, pieces), true, "bytes");
    }
  });

  it("reject reading on where they end", async (records, snapshots) => {
    await snapshots.keep(async (write) => writeAll(write, pieces, await records.revision()));
    await using kept = await snapshots.open();
    if (kept === undefined) throw new Error("The snapshot is not there.");
    await readAll(kept.read, pieces);
    const more = await kept.read(new Uint8Array(8)).then(
      () => "read",
      () => "rejected",
    );
    equal(more, "rejected", "one more read");
  });

  it("stay as they were where another is given up or fails", async (records, snapshots) => {
    const { revision } = await records.put("n", [record("1", "ann")]);
    await snapshots.keep((write) => writeAll(write, pieces, revision));
    equal(
      await snapshots.keep(async (write) => {
        await write(bytesOf(axis(0)));
        return undefined;
      }),
      false,
      "keep where it was given up",
    );
    const reason = new Error("The conformance suite ended this snapshot.");
    await rejectsWith(() => snapshots.keep(() => Promise.reject(reason)), reason, "keep");
    await using kept = await snapshots.open();
    ensure(kept !== undefined && (await readAll(kept.read, pieces)), "The former snapshot must stay.");
  });

  const erasures: readonly (readonly [string, (records: FaceRecords) => Promise<unknown>])[] = [
    ["a member is deleted", (records) => records.delete("n", { memberId: "ann" })],
    ["ids are deleted", (records) => records.delete("n", { ids: ["1"] })],
    ["a namespace is deleted", (records) => records.deleteNamespace("n")],
    ["a record is replaced", (records) => records.put("n", [record("1", "ann", axis(5))])],
  ];
  for (const [what, erase] of erasures) {
    it(`are gone when ${what}`, async (records, snapshots) => {
      const { revision } = await records.put("n", [record("1", "ann"), record("2", "bob")]);
      await snapshots.keep((write) => writeAll(write, pieces, revision));
      await records.put("n", [record("3", "cho")]);
      await records.delete("n", { memberId: "nobody" });
      equal(await isKept(snapshots), true, "kept after others were added");
      await erase(records);
      equal(await isKept(snapshots), false, "kept after the erasure");
    });

    it(`are not kept when ${what} while they are written`, async (records, snapshots) => {
      const { revision } = await records.put("n", [record("1", "ann"), record("2", "bob")]);
      const kept = await snapshots.keep(async (write) => {
        await writeAll(write, pieces, revision);
        await erase(records);
        return revision;
      });
      equal(kept, false, "kept");
      equal(await isKept(snapshots), false, "there");
    });
  }

  if (reopen === undefined) return;

  it("outlive a restart, and go by the hand of another process", async (records, snapshots) => {
    const { revision } = await records.put("n", [record("1", "ann")]);
    await snapshots.keep((write) => writeAll(write, pieces, revision));
    await lend(
      () => reopen(records),
      async (other) => {
        await other.open(space);
        equal(await (other.snapshots && isKept(other.snapshots)), true, "kept for the other");
        await other.delete("n", { memberId: "ann" });
        equal(await isKept(snapshots), false, "kept after the other's erasure");
        const refused = await snapshots.keep(async (write) => {
          const revision = await writeAll(write, pieces, await records.revision());
          await other.put("n", [record("2", "bob")]);
          await other.put("n", [record("2", "bob", axis(1))]);
          return revision;
        });
        equal(refused, false, "kept over the other's replacement");
      },
    );
  });
}

async function writeAll(write: SnapshotWriter, all: readonly Uint8Array[], revision: number): Promise<number> {
  for (const bytes of all) await write(bytes);
  return revision;
}

async function readAll(read: SnapshotReader, all: readonly Uint8Array[]): Promise<boolean> {
  const found = all.map(({ length }) => new Uint8Array(length));
  await Promise.all(found.map((target) => read(target)));
  return found.every((bytes, i) => bytes.every((byte, at) => byte === all[i]?.[at]));
}

async function isKept(snapshots: SnapshotStorage): Promise<boolean> {
  await using kept = await snapshots.open();
  return kept !== undefined;
}

function bytesOf({ buffer }: Float32Array): Uint8Array {
  return new Uint8Array(buffer);
}
