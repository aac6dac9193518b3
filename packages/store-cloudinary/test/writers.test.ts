import type { FaceRecords } from "@facekit/core";
import { describe, expect, test } from "vitest";
import { cloudinaryFaceRecords } from "../src/index.js";
import { keyOf } from "../src/names.js";
import { collect, newFolder, recordOf, recordsOn, serverForTest, space, tampered } from "./support.js";

async function idsOf(records: FaceRecords): Promise<string[]> {
  return (await collect(records.scan())).map(({ id }) => id).sort();
}

describe("a service where two may both be told that they made one file", () => {
  const careless = { settleMs: 20, tellsExisting: false, adminCallsPerHour: 1_000_000 };

  const bad = [
    { when: "", puts: 8, settleMs: 20, timeoutMs: 10_000, chance: 0 },
    { when: ", where answers are lost", puts: 6, settleMs: 20, timeoutMs: 10_000, chance: 0.05 },
    // One of three uploads comes to pass when its writer has tried again, and has gone on perhaps.
    { when: ", where uploads come late", puts: 3, settleMs: 300, timeoutMs: 200, chance: 0 },
  ];
  for (const { when, puts, settleMs, timeoutMs, chance } of bad) {
    test(`nothing acknowledged is lost, and each write has a revision of its own${when}`, {
      timeout: 180_000,
    }, async () => {
      const server = await serverForTest({ ...careless, settleMs });
      const open = async (): Promise<FaceRecords> => {
        const store = cloudinaryFaceRecords({ url: server.url(), deadlineMs: 60_000, timeoutMs });
        await store.open(space);
        return store;
      };
      const stores = await Promise.all([open(), open(), open()]);
      server.inflict({ kinds: ["drop", "swallow", 503], chance, parts: ["upload"] });
      const written = await Promise.all(
        stores.map(async (store, s) => {
          const revisions: number[] = [];
          for (let i = 0; i < puts; i++) {
            // One member by all three, and one of its own.
            const batch = [recordOf(`${s}-${i}-a`, "ann", i), recordOf(`${s}-${i}-b`, `m${s}-${i}`, i)];
            revisions.push((await store.put("n", batch)).revision);
          }
          return revisions;
        }),
      );
      server.inflict();
      expect(new Set(written.flat()).size).toBe(3 * puts);
      const wanted = stores.flatMap((_, s) => Array.from({ length: puts }, (_, i) => [`${s}-${i}-a`, `${s}-${i}-b`]));
      for (const records of [await open(), ...stores]) expect(await idsOf(records)).toEqual(wanted.flat().sort());
      expect(await stores[0]?.revision()).toBe(3 * puts);
    });
  }

  test("of those who write on one condition one wins each time", async () => {
    const server = await serverForTest(careless);
    const stores = [0, 1, 2].map(() => cloudinaryFaceRecords({ url: server.url(), deadlineMs: 60_000 }));
    await Promise.all(stores.map((store) => store.open(space)));
    for (let round = 0; round < 8; round++) {
      const ifRevision = round;
      const results = await Promise.allSettled(
        stores.map((store, s) => store.put("n", [recordOf(`${round}-${s}`, `m${s}`)], { ifRevision })),
      );
      expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
      const lost = results.flatMap((result) => (result.status === "rejected" ? [result.reason] : []));
      // Who cannot tell in time whether it lost is told to try again.
      expect(lost.filter(({ code, retryable }) => code !== "conflict" && !retryable)).toEqual([]);
    }
    for (const store of stores) expect(await idsOf(store)).toHaveLength(8);
  });

  test("of two who open a new folder with different models one is told of the other's", async () => {
    const server = await serverForTest(careless);
    for (let round = 0; round < 8; round++) {
      const folder = newFolder();
      const spaces = [space, { ...space, id: "other/1" }];
      const results = await Promise.allSettled(
        spaces.map((each) => cloudinaryFaceRecords({ url: server.url(), folder, deadlineMs: 60_000 }).open(each)),
      );
      expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
      expect(results.flatMap((result) => (result.status === "rejected" ? [result.reason] : []))).toMatchObject([
        { code: "space-mismatch" },
      ]);
    }
  });
});

describe("a writer that dies", () => {
  for (const carriedOut of [false, true]) {
    test(`at any of its requests, which is ${carriedOut ? "carried out" : "not sent"}: the next goes on`, async () => {
      const server = await serverForTest({ adminCallsPerHour: 1_000_000 });
      for (let request = 0, survived = false; !survived; request++) {
        const folder = newFolder();
        let left = Number.POSITIVE_INFINITY;
        const client = tampered(async (_, send) => {
          left--;
          if (left > 0) return send();
          if (left === 0 && carriedOut) await send();
          return Promise.reject({ message: "The process was killed here.", http_code: 400 });
        });
        const dying = cloudinaryFaceRecords({ url: server.url(), folder, client });
        const sound = recordsOn(server, folder);
        await sound.open(space);
        await sound.put("n", [recordOf("0", "zoe")]);
        await dying.open(space);
        left = request + 1;
        const acknowledged = await dying.put("n", [recordOf("1", "ann"), recordOf("2", "bob")]).then(
          () => true,
          () => false,
        );
        survived = left > 0;
        if (survived) expect(acknowledged).toBe(true);
        await sound.put("n", [recordOf("3", "cho")]);
        const ids = await idsOf(sound);
        const all = ["0", "1", "2", "3"];
        expect(ids).toEqual(acknowledged || ids.length === 4 ? all : ["0", "3"]);
        const again = recordsOn(server, folder);
        await again.open(space);
        expect(await idsOf(again)).toEqual(ids);
        // The erasure of a member leaves nothing of him, and `strays` nothing of the others.
        await again.delete("n", { memberId: "ann" });
        const files = [...server.files().keys()].filter((file) => file.startsWith(`${folder}/`));
        expect(files.filter((file) => file.includes(keyOf("ann")))).toEqual([]);
        const strays = await collect(again.strays?.list("n") ?? nothing());
        await again.strays?.delete(
          "n",
          strays.map(({ id }) => id),
        );
        const members = [...server.files().keys()].filter(
          (file) => file.startsWith(`${folder}/`) && file.includes("/m-"),
        );
        expect(members).toHaveLength((await collect(again.members("n"))).length);
      }
    });
  }
});

async function* nothing(): AsyncGenerator<never> {}

test("two writes do not take one revision where somebody deleted the files by which it was agreed on", async () => {
  const server = await serverForTest();
  const [one, two] = [recordsOn(server), recordsOn(server)];
  await one.open(space);
  await two.open(space);
  await one.put("n", [recordOf("1", "ann")]);
  for (const file of server.files().keys()) if (file.startsWith("facekit/votes/")) server.remove(file);
  // It knows of no write yet.
  expect((await two.put("n", [recordOf("2", "bob")])).revision).toBe(2);
  const again = recordsOn(server);
  await again.open(space);
  for (const records of [one, two, again]) expect(await idsOf(records)).toEqual(["1", "2"]);
});

test("who has no time left does not wait for a writer that died", async () => {
  const server = await serverForTest();
  let dead = false;
  const dying = tampered(async (request, send) => {
    if (dead) return Promise.reject({ message: "The process was killed here.", http_code: 400 });
    dead = request.publicId.includes("log-r") && request.publicId.endsWith("claim.json");
    return send();
  });
  let looks = 0;
  const counted = tampered((request, send) => {
    if (request.action === "explicit" && request.publicId.endsWith("/log/r000000000001.json")) looks++;
    return send();
  });
  const one = cloudinaryFaceRecords({ url: server.url(), client: dying });
  const two = cloudinaryFaceRecords({ url: server.url(), client: counted, deadlineMs: 0 });
  await one.open(space);
  await two.open(space);
  await expect(one.put("n", [recordOf("1", "ann")])).rejects.toMatchObject({ code: "service-unavailable" });
  looks = 0;
  await expect(two.put("n", [recordOf("2", "bob")])).rejects.toMatchObject({ retryable: true });
  expect(looks).toBe(1);
});

test("a put is eight requests, two more where it replaces a file, and a look one, as the documentation says", async () => {
  const server = await serverForTest();
  const records = recordsOn(server);
  await records.open(space);
  await records.put("n", [recordOf("0", "zoe")]);
  // What a put replaced is deleted when it is over: the files of zoe and ann are left.
  const files = (): string[] => [...server.files().keys()].filter((file) => file.includes("/m-"));
  const settled = (): Promise<void> => expect.poll(() => files().length, { timeout: 30_000 }).toBeLessThan(3);
  const cost = async (call: () => Promise<unknown>): Promise<number> => {
    const before = server.requests.upload + server.requests.delivery;
    await call();
    await settled();
    return server.requests.upload + server.requests.delivery - before;
  };
  expect(await cost(() => records.put("n", [recordOf("1", "ann")]))).toBe(8);
  expect(await cost(() => records.put("n", [recordOf("2", "ann")]))).toBe(10);
  expect(await cost(() => records.revision())).toBe(1);
  expect(await cost(() => records.delete("n", { memberId: "ann" }))).toBe(9);
  // The space, the four writes, and a look for a fifth.
  expect(await cost(() => recordsOn(server).open(space))).toBe(7);
});
