import { type CloudinaryFault, cloudinaryServer } from "@facekit/conformance/cloudinary-server";
import { faultyServerConformance } from "@facekit/conformance/faults";
import { retry } from "@facekit/core";
import { afterAll, describe, expect, test } from "vitest";
import { cloudinaryFaceRecords } from "../src/index.js";
import { nameOf } from "../src/names.js";
import {
  collect,
  failureOf,
  impatientRecordsOn,
  newFolder,
  recordOf,
  recordsOn,
  serverForTest,
  space,
  tampered,
} from "./support.js";

const shared = await cloudinaryServer({ adminCallsPerHour: Number.MAX_SAFE_INTEGER });
afterAll(() => shared[Symbol.asyncDispose]());

describe("over a connection that breaks", () =>
  faultyServerConformance({
    test,
    url: shared.address,
    create: () => {
      const folder = newFolder();
      return (url) => cloudinaryFaceRecords({ url: shared.url(url), folder, deadlineMs: 3000, timeoutMs: 5000 });
    },
  }));

test("what was acknowledged is there, whatever the service answers to one request in eight", async () => {
  const server = await serverForTest();
  const records = cloudinaryFaceRecords({ url: server.url(), deadlineMs: 60_000 });
  await records.open(space);
  const kinds: CloudinaryFault[] = ["drop", "swallow", "html", "half-json", 420, 429, 500, 503];
  // Not the Admin API: what refuses there is not asked again for an hour.
  server.inflict({ kinds, chance: 0.12, parts: ["upload", "delivery"] });
  const members = Array.from({ length: 30 }, (_, i) => `m${i}`);
  for (const [i, memberId] of members.entries()) {
    await retry(() => records.put("n", [recordOf(memberId, memberId, i)]), { deadlineMs: 60_000 });
  }
  for (const memberId of members.slice(0, 10)) {
    await retry(() => records.delete("n", { memberId }), { deadlineMs: 60_000 });
  }
  server.inflict();
  const left = members.slice(10).sort();
  expect((await collect(records.scan("n"))).map(({ id }) => id).sort()).toEqual(left);
  const again = recordsOn(server);
  await again.open(space);
  expect((await collect(again.members("n"))).map(({ memberId }) => memberId)).toEqual(left);
});

describe("a service that only answers badly", () => {
  const cases: readonly (readonly [kind: CloudinaryFault, code: string])[] = [
    ["drop", "service-unavailable"],
    ["html", "service-unavailable"],
    ["half-json", "service-unavailable"],
    [500, "service-unavailable"],
    [503, "service-unavailable"],
    [429, "service-unavailable"],
    [401, "access-denied"],
    [403, "access-denied"],
  ];
  for (const [kind, code] of cases) {
    test(`${kind}: ${code}`, async () => {
      const server = await serverForTest();
      const [records, sound] = [impatientRecordsOn(server), recordsOn(server)];
      await sound.open(space);
      await sound.put("n", [recordOf("1", "ann")]);
      await retry(() => records.open(space), { deadlineMs: 60_000 });
      server.inflict({ kinds: [kind] });
      const calls = [
        () => records.revision(),
        () => records.put("n", [recordOf("2", "ann")]),
        () => collect(records.scan("n")),
      ];
      for (const call of calls) {
        const error = await failureOf(call());
        expect(error.code).toBe(code);
        expect(error.retryable).toBe(code === "service-unavailable");
      }
      server.inflict();
      await sound.put("n", [recordOf("3", "bob")]);
      expect((await collect(sound.scan("n"))).map(({ id }) => id)).toEqual(expect.arrayContaining(["1", "3"]));
    });
  }
});

test("a delivery that is behind is waited for, and then service-unavailable: nothing is damaged", async () => {
  const server = await serverForTest();
  const records = impatientRecordsOn(server);
  const other = recordsOn(server);
  await other.open(space);
  await other.put("n", [recordOf("1", "ann"), recordOf("2", "bob")]);
  await retry(() => records.open(space), { deadlineMs: 60_000 });
  server.inflict({ kinds: ["missing"], chance: 0.3, parts: ["delivery"] });
  await other.put("n", [recordOf("3", "ann")]);
  expect(await collect(other.scan())).toHaveLength(3);
  server.inflict({ kinds: ["missing"], parts: ["delivery"] });
  for (const call of [
    () => collect(records.scan()),
    () => records.put("n", [recordOf("4", "ann")]),
    () => impatientRecordsOn(server).open(space),
  ]) {
    const error = await failureOf(call());
    expect(error.code).toBe("service-unavailable");
    expect(error.retryable).toBe(true);
  }
  server.inflict();
  expect(await collect(other.scan())).toHaveLength(3);
});

test("an erasure whose answers are lost tells what it erased", async () => {
  const server = await serverForTest();
  const records = cloudinaryFaceRecords({ url: server.url(), deadlineMs: 60_000 });
  await records.open(space);
  await records.put("n", [recordOf("1", "ann"), recordOf("2", "ann"), recordOf("3", "bob")]);
  const folder = `facekit/${nameOf("n")}/m-${"0".repeat(32)}`;
  const strays = ["1", "2", "3"].map((n) => `${folder}/b0-${n.repeat(32)}.json`);
  for (const stray of strays) server.place(stray, "{");
  server.inflict({ kinds: ["swallow"], chance: 0.5, parts: ["upload"] });
  expect((await records.delete("n", { memberId: "ann" })).deleted).toBe(2);
  expect(await records.strays?.delete("n", strays)).toBe(3);
  server.inflict();
  expect(await collect(records.scan())).toHaveLength(1);
});

test("a put whose commit is refused leaves no file, once the next has come", async () => {
  const server = await serverForTest();
  const refused = { message: "Not now", http_code: 400 };
  let refusing = true;
  const client = tampered((request, send) =>
    refusing && request.publicId.includes("choice") ? Promise.reject(refused) : send(),
  );
  const records = cloudinaryFaceRecords({ url: server.url(), client });
  refusing = false;
  await records.open(space);
  refusing = true;
  const error = await failureOf(records.put("n", [recordOf("1", "ann")]));
  expect(error).toMatchObject({ code: "service-unavailable", retryable: false });
  refusing = false;
  await records.put("n", [recordOf("2", "bob")]);
  const files = (): string[] => [...server.files().keys()].filter((file) => file.includes("/m-"));
  await expect.poll(files, { timeout: 30_000 }).toHaveLength(1);
});

test("a put does not wait for the deletion of what it replaced", async () => {
  const server = await serverForTest();
  let [refusing, hanging, deletions] = [false, false, 0];
  const client = tampered((request, send) => {
    if (request.action !== "destroy") return send();
    deletions++;
    if (hanging) return new Promise(() => undefined);
    return refusing ? Promise.reject({ message: "Not now", http_code: 500 }) : send();
  });
  const records = cloudinaryFaceRecords({ url: server.url(), client, deadlineMs: 600_000, timeoutMs: 600_000 });
  await records.open(space);
  await records.put("n", [recordOf("1", "ann")]);
  refusing = true;
  await records.put("n", [recordOf("2", "ann")]);
  await expect.poll(() => deletions, { timeout: 30_000 }).toBe(1);
  refusing = false;
  await records.put("n", [recordOf("3", "bob")]);
  const files = (): string[] => [...server.files().keys()].filter((file) => file.includes("/m-"));
  await expect.poll(files, { timeout: 30_000 }).toHaveLength(2);
  hanging = true;
  for (const id of ["4", "5", "6", "7"]) await records.put("n", [recordOf(id, "ann")]);
  expect(await collect(records.scan("n"))).toHaveLength(7);
});

test("no more than eight requests are under way", async () => {
  const server = await serverForTest();
  let [now, most] = [0, 0];
  const client = tampered(async (_, send) => {
    now++;
    most = Math.max(most, now);
    try {
      return await send();
    } finally {
      now--;
    }
  });
  const records = cloudinaryFaceRecords({ url: server.url(), client });
  const other = recordsOn(server);
  await records.open(space);
  await other.open(space);
  for (let i = 0; i < 40; i++) await other.put("n", [recordOf(`${i}`, `m${i}`)]);
  await Promise.all([records.revision(), collect(records.scan()), records.put("m", [recordOf("1", "ann")])]);
  expect(most).toBeGreaterThan(1);
  expect(most).toBeLessThanOrEqual(8);
});

test("expired credentials are access-denied, and no error shows the secret", async () => {
  const server = await serverForTest();
  const records = recordsOn(server);
  await records.open(space);
  await records.put("n", [recordOf("1", "ann")]);
  server.expireCredentials();
  const calls = [() => records.revision(), () => records.deleteNamespace("n"), () => recordsOn(server).open(space)];
  for (const call of calls) {
    const error = await failureOf(call());
    expect(error.code).toBe("access-denied");
    const told = `${error.message} ${error.stack} ${JSON.stringify(error)} ${JSON.stringify(error.cause)} ${String(error.cause)}`;
    expect(told).not.toContain("a-secret-for-tests");
  }
});

test("a wrong secret is access-denied", async () => {
  const server = await serverForTest();
  const url = server.url().replace("a-secret-for-tests", "another");
  const error = await failureOf(cloudinaryFaceRecords({ url, deadlineMs: 500 }).open(space));
  expect(error.code).toBe("access-denied");
});

test("the hourly limit is quota-exceeded with the time until it ends; writes and searches go on", async () => {
  const server = await serverForTest({ adminCallsPerHour: 5 });
  const records = recordsOn(server);
  await records.open(space);
  await records.put("n", [recordOf("1", "ann"), recordOf("2", "bob")]);
  await records.delete("n", { memberId: "ann" });
  while (server.requests.admin < 5) await recordsOn(server).open(space);
  const error = await failureOf(records.deleteNamespace("n"));
  expect(error.code).toBe("quota-exceeded");
  expect(error.retryable).toBe(true);
  expect(error.retryAfterMs).toBeGreaterThanOrEqual(0);
  expect(error.retryAfterMs).toBeLessThanOrEqual(3_600_000);
  // What the log names is erased all the same; only the check that nothing else is there waits.
  expect(await collect(records.scan("n"))).toEqual([]);
  await records.put("m", [recordOf("3", "cho")]);
  // Without a list the log is read file by file.
  const again = recordsOn(server);
  await again.open(space);
  expect((await collect(again.scan())).map(({ id }) => id)).toEqual(["3"]);
  server.nextHour();
  expect((await records.deleteNamespace("n")).deleted).toBe(0);
});

test("a file that is too large is quota-exceeded, and nothing is written", async () => {
  const server = await serverForTest({ maxRawBytes: 2000 });
  const records = recordsOn(server);
  await records.open(space);
  const error = await failureOf(
    records.put(
      "n",
      [1, 2, 3, 4, 5].map((n) => recordOf(`${n}`, "ann", n)),
    ),
  );
  expect(error.code).toBe("quota-exceeded");
  expect(error.retryable).toBe(false);
  expect(await collect(records.scan())).toEqual([]);
});
