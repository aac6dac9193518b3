import { execFile, spawn } from "node:child_process";
import { copyFile, mkdtemp, readFile, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { type DecodedImage, memoryMemberSource, specVersion } from "@facekit/core";
/** Made from people outside the cast; `@facekit/drawn-people` tells how. */
import { drawnDomainThresholds } from "@facekit/drawn-people";
import { arcFaceInput, arcFaceTemplate, defineModelCard, type EmbedderCard, findCard } from "@facekit/models";
import { locateModel } from "@facekit/models/cache";
import { createFaceKit, type FaceKit, isFaceKitError, loadEmbedder, loadPack } from "@facekit/node";
import { beforeAll, describe, expect, test } from "vitest";
import { groupPhoto, portrait } from "./drawn.js";
import { sharedModels, whyNot } from "./shared-models.js";

const threshold = drawnDomainThresholds["dlib-resnet-128/landmarks-68/2"]?.threshold ?? 1;
const newFile = async (name: string): Promise<string> => join(await mkdtemp(join(tmpdir(), "facekit-")), name);
const codeOf = async (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => "fulfilled",
    (error: unknown) => (isFaceKitError(error) ? error.code : error),
  );
const enrolled = async (kit: FaceKit): Promise<Map<string, number>> => {
  const members = new Map<string, number>();
  for await (const { memberId, templates } of kit.enrolled()) members.set(memberId, templates);
  return members;
};

describe("createFaceKit", () => {
  test("registers, verifies, identifies and takes attendance, and still knows after reopening", async () => {
    const store = await newFile("members.db");
    const photos = [await portrait(1000, 1), await portrait(1000, 2)];
    {
      await using kit = await createFaceKit({ store, threshold });
      await kit.register("ada", photos);
      expect((await kit.verify("ada", await portrait(1000, 3))).similarity).toBeGreaterThan(0.9);
    }
    await using kit = await createFaceKit({ store, threshold: 0.9 });
    expect(await enrolled(kit)).toEqual(new Map([["ada", 2]]));
    expect((await kit.identify(await portrait(1000, 4))).best?.memberId).toBe("ada");
    const { photos: seen } = await kit.takeAttendance(await groupPhoto([1000, 1001, 1002], 5), { session: "monday" });
    expect(seen[0]?.faces).toHaveLength(3);
    const visits: string[] = [];
    for await (const { memberId } of kit.visits.query("default", { session: "monday" })) visits.push(memberId);
    expect(visits).toEqual(["ada"]);
  });

  test("two kits on one file see each other's members at once", async () => {
    const store = await newFile("members.db");
    await using one = await createFaceKit({ store, threshold: 0.9 });
    await using other = await createFaceKit({ store, threshold: 0.9 });
    const photo = await portrait(1000, 1);
    await one.register("ada", photo);
    expect((await other.identify(photo)).best?.memberId).toBe("ada");
    await other.forget("ada");
    expect((await one.identify(photo)).best).toBeUndefined();
  });

  test("racing matchOrRegister calls over two kits make one member", async () => {
    const store = await newFile("members.db");
    await using one = await createFaceKit({ store, threshold: 0.9 });
    await using other = await createFaceKit({ store, threshold: 0.9 });
    const photo = await portrait(1000, 1);
    const calls = [one, other, one, other].map((kit) => kit.matchOrRegister(photo));
    const ids = new Set((await Promise.all(calls)).map((answer) => answer.memberId));
    expect(ids.size).toBe(1);
    expect((await enrolled(one)).size).toBe(1);
  });

  test("a misspelt option is refused with those there are", async () => {
    // @ts-expect-error: what a caller without types may write
    await expect(createFaceKit({ stor: "members.db" })).rejects.toThrow(/no option "stor"; it knows store/);
  });

  test("an error rate that the model cannot state is refused at once", async () => {
    expect(await codeOf(createFaceKit({ falseMatchRate: 1e-9 }))).toBe("rate-not-supported");
    expect(await codeOf(createFaceKit({ falsePositiveRate: 1e-9 }))).toBe("rate-not-supported");
  });

  test("after disposal a kit is closed, and another works", async () => {
    const kit = await createFaceKit();
    await kit[Symbol.asyncDispose]();
    expect(await codeOf(kit.identify(await portrait(1000, 1)))).toBe("closed");
    await using again = await createFaceKit();
    expect((await again.identify(await portrait(1000, 1))).face).toBeDefined();
  });

  test("the event loop turns while a photo is looked at", async () => {
    await using kit = await createFaceKit();
    const photo = await groupPhoto([1000, 1001], 3);
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    await kit.takeAttendance(photo);
    clearInterval(timer);
    // The nets alone take dozens of milliseconds; on the main thread the timer would run between calls at best.
    expect(turns).toBeGreaterThan(10);
  });
});

describe("sessions", () => {
  const script = fileURLToPath(new URL("thread-ends.mjs", import.meta.url));
  const runCode = (code: string) => {
    const options = { cwd: fileURLToPath(new URL(".", import.meta.url)), timeout: 30_000 };
    return promisify(execFile)(process.execPath, ["--input-type=module", "--eval", code], options);
  };

  test("a kit closed at work ends in order, one that nobody closed keeps no process alive, an ended thread is missed or replaced", async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [script], { timeout: 30_000 });
    const lines = stdout.trim().split("\n");
    expect(lines.slice(-4)).toEqual(["true", "fulfilled", "inference-failed", "fulfilled"]);
    expect(lines.slice(0, -4).every((code) => code === "closed" || code === "fulfilled")).toBe(true);
  });

  test("process.exit with nets at work ends the process as it was told to", async () => {
    const code = `
      import { createFaceKit } from "@facekit/node";
      const kit = await createFaceKit();
      const image = { data: new Uint8Array(640 * 640 * 3), width: 640, height: 640, channels: 3 };
      for (let i = 0; i < 6; i++) kit.identify(image, { threshold: 0.9 }).catch(() => {});
      setTimeout(() => process.exit(7), 20);`;
    await expect(runCode(code)).rejects.toMatchObject({ code: 7, signal: null });
  });

  test("the answers to a folder of photos are those of one worker, and in order", async () => {
    const photos = [portrait(1000, 1), groupPhoto([1000, 1001], 3), portrait(1001, 2), portrait(1002, 5)];
    const files = await Promise.all([...photos, ...photos]);
    const seen: unknown[] = [];
    for (const workers of [1, 3]) {
      await using kit = await createFaceKit({ threshold: 0.9, session: { workers } });
      await kit.register("ada", await Promise.all([portrait(1000, 1), portrait(1000, 2), portrait(1000, 3)]));
      const done: number[] = [];
      const attendance = await kit.takeAttendance(files, { onProgress: (progress) => done.push(progress.done) });
      expect(done).toEqual(files.map((_, i) => i + 1));
      seen.push(attendance);
    }
    expect(seen[1]).toEqual(seen[0]);
  });

  test("works in a one-liner of Node", async () => {
    const code = 'import { createFaceKit } from "@facekit/node"; await createFaceKit(); console.log("made");';
    const { stdout } = await runCode(code);
    expect(stdout).toBe("made\n");
  });

  test("options are looked at before a model is", async () => {
    const misspelt: object = { intraOpThreads: 2 };
    expect(await codeOf(createFaceKit({ session: misspelt }))).toBe("invalid-argument");
    expect(await codeOf(createFaceKit({ session: { intraOpNumThreads: -3 } }))).toBe("invalid-argument");
    expect(await codeOf(createFaceKit({ session: { workers: 0 } }))).toBe("invalid-argument");
    expect(await codeOf(createFaceKit({ session: { executionProviders: [] } }))).toBe("invalid-argument");
    const name: object = { executionProviders: "cuda" };
    expect(await codeOf(createFaceKit({ session: name }))).toBe("invalid-argument");
    expect(await codeOf(createFaceKit({ session: { executionProviders: ["abacus"] } }))).toBe("not-supported");
  });

  test("one kit's abort is not another's failure", async () => {
    const controller = new AbortController();
    const reason = new Error("enough");
    const aborted = createFaceKit({ signal: controller.signal });
    const other = createFaceKit();
    controller.abort(reason);
    expect(await codeOf(aborted)).toBe(reason);
    await using kit = await other;
    expect((await kit.identify(await portrait(1000, 1))).face).toBeDefined();
  });

  test("one kit's opt-in to a licence is not another's", async () => {
    const found = findCard("dlib-resnet-128");
    if (found.task !== "embed") throw new Error("the bundled embedder is an embedder");
    const card: EmbedderCard = { ...found, licence: { ...found.licence, commercialUse: "no" } };
    await using _opted = await loadEmbedder(card, { acceptNonCommercial: true });
    expect(await codeOf(loadEmbedder(card))).toBe("model-licence");
  });

  test("a detector refuses what none of its options can be", async () => {
    const { detector, embedder } = await loadPack("bundled");
    const image: DecodedImage = { data: new Uint8Array(64 * 64 * 3), width: 64, height: 64, channels: 3 };
    const misspelt: object = { scene: "portait" };
    expect(await codeOf(detector.detect(image, misspelt))).toBe("invalid-argument");
    for (const maxFaces of [0, 1.5, Number.NaN]) {
      expect(await codeOf(detector.detect(image, { maxFaces }))).toBe("invalid-argument");
    }
    await Promise.all([detector[Symbol.asyncDispose](), embedder[Symbol.asyncDispose]()]);
  });

  test("what was opened is closed when the parts do not fit together", async () => {
    let closed = 0;
    const close = async (): Promise<void> => {
      closed++;
    };
    const kit = createFaceKit({
      detector: {
        specVersion,
        id: "boxes-only",
        capabilities: { landmarks: false, landmarks68: false },
        detect: async () => [],
        [Symbol.asyncDispose]: close,
      },
      members: { ...memoryMemberSource(), [Symbol.asyncDispose]: close },
    });
    expect(await codeOf(kit)).toBe("invalid-argument");
    expect(closed).toBe(2);
  });
});

describe("a store that does not fit", () => {
  test("of another embedding space", async () => {
    const store = await newFile("members.db");
    const photo = await portrait(1000, 1);
    {
      await using kit = await createFaceKit({ store });
      await kit.register("ada", photo);
    }
    const embedder = {
      specVersion,
      id: "other",
      space: { id: "other/1", dimensions: 128, metric: "cosine" as const },
      requires: "landmarks" as const,
      embed: async () => [],
      async [Symbol.asyncDispose]() {},
    };
    const opening = createFaceKit({ store, embedder });
    await expect(opening).rejects.toMatchObject({ code: "space-mismatch" });
    await expect(opening).rejects.toThrow(/dlib-resnet-128.*other\/1|other\/1.*dlib-resnet-128/s);
  });

  test("that is damaged: refused, and left as it is", async () => {
    const store = await newFile("members.db");
    const garbage = Buffer.from("this is no database, but it may be somebody's only copy of something".repeat(99));
    await writeFile(store, garbage);
    expect(await codeOf(createFaceKit({ store }))).toBe("store-corrupt");
    expect(await readFile(store)).toEqual(garbage);
  });
});

describe("a model file that is wrong", () => {
  let card: EmbedderCard;
  let folder: string;
  beforeAll(async () => {
    const found = findCard("dlib-resnet-128");
    if (found.task !== "embed") throw new Error("the bundled embedder is an embedder");
    // Not marked as bundled, so that the folder alone is searched.
    const { bundled: _, ...rest } = found;
    card = rest;
    folder = await mkdtemp(join(tmpdir(), "facekit-models-"));
  });
  const load = async (wanted: EmbedderCard): Promise<unknown> =>
    codeOf(loadEmbedder(wanted, { modelsDirectory: folder, cacheDirectory: folder }));
  const place = async (): Promise<string> => {
    const path = join(folder, card.file);
    await copyFile(await locateModel(findCard("dlib-resnet-128")), path);
    return path;
  };

  test("absent", async () => {
    expect(await load(card)).toBe("model-not-found");
  });

  test("whole: loads", async () => {
    await place();
    await using embedder = await loadEmbedder(card, { modelsDirectory: folder });
    expect(embedder.space.dimensions).toBe(128);
  });

  test("cut short", async () => {
    await truncate(await place(), 1_000_000);
    expect(await load(card)).toBe("model-corrupt");
  });

  test("replaced by another of the same length", async () => {
    const path = await place();
    const bytes = await readFile(path);
    bytes[3_000_000] = (bytes[3_000_000] ?? 0) ^ 1;
    await writeFile(path, bytes);
    expect(await load(card)).toBe("model-corrupt");
  });

  test("of the wrong kind: a card that describes another net", async () => {
    const { alignment, bundled, ...landmarks } = { ...findCard("landmarks-68"), alignment: card.alignment };
    await copyFile(await locateModel(findCard("landmarks-68")), join(folder, landmarks.file));
    const wrong = { ...card, file: landmarks.file, bytes: landmarks.bytes, sha256: landmarks.sha256 };
    expect(alignment.size).not.toBe(112);
    expect(await load(wrong)).toMatch(/inference-failed|model-corrupt/);
  });

  test.skipIf(sharedModels === undefined)(`a card of one's own and no code (${whyNot})`, async () => {
    const own = defineModelCard({
      task: "embed",
      id: "my-arcface",
      title: "An ArcFace-style net of one's own",
      file: "mobilefacenet_foamliu.onnx",
      bytes: 3_998_070,
      sha256: "b7120c095d60094f28a4a54ba6a8bf51b297a6273fb40ef6350dfec1f63d9507",
      source: "https://github.com/foamliu/MobileFaceNet",
      licence: { weights: "Apache-2.0", data: "MS-Celeb-1M", commercialUse: "unclear" },
      input: { ...arcFaceInput, fixedBatch: 1 },
      alignment: arcFaceTemplate,
      space: { id: "my-arcface/1", dimensions: 128, metric: "cosine" },
    } satisfies EmbedderCard);
    await using embedder = await loadEmbedder(own, { modelsDirectory: sharedModels ?? "" });
    expect(embedder.space.id).toBe("my-arcface/1");
  });
});

describe("kill -9 while registering", () => {
  test("every acknowledged member is there whole after reopening, and none half", async () => {
    const store = await newFile("members.db");
    const acknowledged: string[] = [];
    for (let round = 0; round < 6; round++) {
      acknowledged.push(...(await killedWhileRegistering(store, round)));
    }
    expect(acknowledged.length).toBeGreaterThan(6);
    await using kit = await createFaceKit({ store });
    const members = await enrolled(kit);
    for (const memberId of acknowledged) expect(members.get(memberId)).toBe(2);
    for (const [memberId, templates] of members) expect([memberId, templates]).toEqual([memberId, 2]);
  });
});

/** Runs a process that registers members, kills it after a few, and returns those it acknowledged. */
async function killedWhileRegistering(store: string, round: number): Promise<string[]> {
  const script = fileURLToPath(new URL("register-people.mjs", import.meta.url));
  const child = spawn(process.execPath, [script, store, String(round)], { stdio: ["ignore", "pipe", "inherit"] });
  const acknowledged: string[] = [];
  for await (const line of createInterface(child.stdout)) {
    acknowledged.push(line);
    // At another point of the next registration each time.
    if (acknowledged.length === 2) setTimeout(() => child.kill("SIGKILL"), round * 7);
  }
  return acknowledged;
}
