import {
  createFlows,
  type FaceIndex,
  FaceKitError,
  type ImageInput,
  isFaceKitError,
  type ShadowIndex,
  type ShadowOptions,
  shadow,
} from "@facekit/core";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { fileOf, photoOf, toyFaceIndex } from "./toy-recognition.js";

const down = new FaceKitError("service-unavailable", "down");
async function enrolledIn(index: FaceIndex): Promise<string[]> {
  const ids: string[] = [];
  for await (const { memberId } of index.members("default")) ids.push(memberId);
  return ids;
}
const tried = (index: ShadowIndex) => createFlows({ index });

/** Fulfils when it is released. */
function gate(): { readonly open: Promise<void>; readonly release: () => void } {
  let release = (): void => undefined;
  const open = new Promise<void>((resolve) => {
    release = resolve;
  });
  return { open, release };
}

/** From here on time passes only where the test says so: what answers at all answers in time. */
function stopTime(): void {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  onTestFinished(() => {
    vi.useRealTimers();
  });
}

describe("shadow", () => {
  test("answers from the first, fills the second, and tells where both agree", async () => {
    const [a, b] = [toyFaceIndex(), toyFaceIndex()];
    const index = shadow(a, b, { second: { costs: { probe: 1, search: 2, enrol: 10 } } });
    const kit = tried(index);
    await kit.register("ada", [photoOf(1), photoOf(1)]);
    await kit.register("bo", photoOf(2));
    // Only the first knows her: she was there before.
    await a.enrol("default", "cy", await a.probe(photoOf(3)));
    await b.enrol("default", "other", await b.probe(photoOf(4)));
    expect((await kit.identify(photoOf(1))).best?.memberId).toBe("ada");
    expect((await kit.identify(photoOf(3))).best?.memberId).toBe("cy");
    expect((await kit.identify(photoOf(4))).best).toBeUndefined();
    expect((await kit.takeAttendance(photoOf(2, 9))).present).toEqual(["bo"]);
    await index.settled();
    expect(await enrolledIn(b)).toEqual(["ada", "bo", "other"]);
    const { agreement, first, second } = index.report();
    expect(agreement).toEqual({
      faces: 5,
      sameMember: 2,
      bothNobody: 1,
      differentMembers: 0,
      onlyFirst: 1,
      onlySecond: 1,
      notFoundBySecond: 0,
      share: 0.6,
    });
    // One more search is that of attendance for the gallery's size.
    expect([first.probe.calls, first.search.calls, first.enrol.calls, first.cost]).toEqual([7, 5, 2, 0]);
    const time = expect.any(Number);
    expect(second.search).toEqual({ calls: 4, failures: 0, medianMs: time, p95Ms: time, cost: 8 });
    expect([second.probe.calls, second.enrol.calls, second.cost]).toEqual([7, 2, 7 + 8 + 20]);
  });

  test("each decides at its own threshold", async () => {
    const [a, b] = [toyFaceIndex(), toyFaceIndex()];
    const index = shadow(a, b, { second: { threshold: 1.5 } });
    const kit = tried(index);
    await kit.register("ada", photoOf(1));
    await kit.identify(photoOf(1));
    await index.settled();
    expect(index.report().agreement).toMatchObject({ faces: 1, onlyFirst: 1, share: 0 });
  });

  test("asks the second once about each photo, and pairs faces by where they are", async () => {
    const [a, b] = [toyFaceIndex(), toyFaceIndex()];
    const partial: FaceIndex = { ...b, probe: async (...args) => (await b.probe(...args)).slice(1) };
    const index = shadow(a, partial);
    await b.enrol("default", "bo", await b.probe(photoOf(2)));
    await a.enrol("default", "bo", await a.probe(photoOf(2)));
    const probes = await index.probe(photoOf(1, 2));
    await index.search("default", probes, { k: 1 });
    await index.search("default", probes, { k: 1 });
    await index.settled();
    const { agreement, second } = index.report();
    expect(agreement).toMatchObject({ faces: 2, sameMember: 2, notFoundBySecond: 2 });
    expect(second.probe.calls).toBe(1);
  });

  test("a second that fails or hangs never reaches the caller", async () => {
    stopTime();
    const broken: FaceIndex = { ...toyFaceIndex(), probe: () => Promise.reject(down) };
    const { open: asked, release: onAsked } = gate();
    const hanging: FaceIndex = {
      ...toyFaceIndex(),
      search() {
        onAsked();
        return new Promise(() => {});
      },
    };
    for (const [second, call] of [
      [broken, "probe"],
      [hanging, "search"],
    ] as const) {
      const index = shadow(toyFaceIndex(), second, { timeoutMs: 1_000 });
      const kit = tried(index);
      await kit.register("ada", photoOf(1));
      expect((await kit.identify(photoOf(1))).best?.memberId).toBe("ada");
      if (second === hanging) {
        await asked;
        vi.advanceTimersByTime(1_000);
      }
      await index.settled();
      const report = index.report();
      expect(report.agreement).not.toHaveProperty("share");
      expect(report.second[call].failures).toBeGreaterThan(0);
      expect(report.second[call]).not.toHaveProperty("medianMs");
      expect(isFaceKitError(report.second.lastFailure, "service-unavailable")).toBe(true);
    }
  });

  test("the first's failure is the caller's, and the second is not asked", async () => {
    const index = shadow({ ...toyFaceIndex(), search: () => Promise.reject(down) }, toyFaceIndex());
    await expect(tried(index).identify(photoOf(1))).rejects.toBe(down);
    expect(index.report()).toMatchObject({
      first: { search: { calls: 1, failures: 1 } },
      second: { search: { calls: 0 } },
    });
  });

  test("what comes when too many wait is skipped and counted", async () => {
    const b = toyFaceIndex();
    const { open, release } = gate();
    const slow: FaceIndex = {
      ...b,
      async probe(...args) {
        await open;
        return b.probe(...args);
      },
    };
    const index = shadow(toyFaceIndex(), slow, { maxWaiting: 2 });
    const kit = tried(index);
    await kit.register("ada", photoOf(1));
    for (let i = 0; i < 4; i++) await kit.identify(photoOf(1));
    await kit.register("bo", photoOf(2));
    release();
    await index.settled();
    expect(index.report()).toMatchObject({
      agreement: { faces: 1, sameMember: 1 },
      second: { skippedSearches: 3, skippedEnrolments: 1 },
    });
    expect(await enrolledIn(b)).toEqual(["ada"]);
  });

  test("erases in both, after the enrolments that wait, and rejects where one could not", async () => {
    const [a, b] = [toyFaceIndex(), toyFaceIndex()];
    const index = shadow(a, b);
    const kit = tried(index);
    await kit.register("ada", photoOf(1));
    expect(await kit.forget("ada")).toBe(1);
    expect([await enrolledIn(a), await enrolledIn(b)]).toEqual([[], []]);
    const failing = shadow(a, { ...b, deleteMember: () => Promise.reject(down) });
    await tried(failing).register("ada", photoOf(1));
    await expect(tried(failing).forget("ada")).rejects.toBe(down);
    expect(await enrolledIn(a)).toEqual(["ada"]);
  });

  test("erases without waiting for what was put to the second before", async () => {
    const [a, b] = [toyFaceIndex(), toyFaceIndex()];
    await a.enrol("default", "ada", await a.probe(photoOf(1)));
    await b.enrol("default", "ada", await b.probe(photoOf(1)));
    const stuck: FaceIndex = { ...b, search: () => new Promise(() => {}) };
    const index = shadow(a, stuck);
    const kit = tried(index);
    for (let i = 0; i < 5; i++) await kit.identify(photoOf(1));
    await kit.register("ada", photoOf(1));
    await kit.forget("ada");
    expect([await enrolledIn(a), await enrolledIn(b)]).toEqual([[], []]);
  });

  test("an enrolment that took too long has ended before the erasure, and brings nobody back", async () => {
    stopTime();
    const [a, b] = [toyFaceIndex(), toyFaceIndex()];
    const { open, release } = gate();
    const { open: asked, release: onAsked } = gate();
    const slow: FaceIndex = {
      ...b,
      async enrol(namespace, memberId, probes) {
        onAsked();
        await open;
        return b.enrol(namespace, memberId, probes);
      },
    };
    const index = shadow(a, slow, { timeoutMs: 1_000 });
    const kit = tried(index);
    await kit.register("ada", photoOf(1));
    await asked;
    vi.advanceTimersByTime(1_000);
    await index.settled();
    expect(index.report().second.enrol.failures).toBe(1);
    // As long as nobody knows what comes of it, it is not said to be erased.
    const early = expect(kit.forget("ada")).rejects.toMatchObject({ code: "service-unavailable", retryable: true });
    await vi.advanceTimersByTimeAsync(1_000);
    await early;
    expect(await enrolledIn(a)).toEqual(["ada"]);
    release();
    await kit.forget("ada");
    expect([await enrolledIn(a), await enrolledIn(b)]).toEqual([[], []]);
  });

  test("an enrolment that waits is dropped when the member is erased, and one of another member is not", async () => {
    const [a, b] = [toyFaceIndex(), toyFaceIndex()];
    const { open, release } = gate();
    const slow: FaceIndex = {
      ...b,
      async probe(...args) {
        await open;
        return b.probe(...args);
      },
    };
    const index = shadow(a, slow);
    const kit = tried(index);
    await kit.register("ada", photoOf(1));
    await kit.register("bo", photoOf(2));
    await kit.forget("ada");
    release();
    await index.settled();
    expect(await enrolledIn(b)).toEqual(["bo"]);
  });

  test("an erasure ends with the caller's signal", async () => {
    const controller = new AbortController();
    const hanging: FaceIndex = {
      ...toyFaceIndex(),
      deleteMember() {
        controller.abort("gone");
        return new Promise(() => {});
      },
    };
    const index = shadow(toyFaceIndex(), hanging);
    await expect(index.deleteMember("default", "ada", { signal: controller.signal })).rejects.toBe("gone");
  });

  test("answers stay with their faces, also where one was found by the first alone", async () => {
    const [a, b] = [toyFaceIndex(), toyFaceIndex()];
    for (const each of [a, b]) await each.enrol("default", "bo", await each.probe(photoOf(2)));
    const index = shadow(a, b);
    // The first probe did not come through the shadow: of its photo the second knows nothing.
    const probes = [...(await a.probe(photoOf(9))), ...(await index.probe(photoOf(2)))];
    await index.search("default", probes, { k: 1 });
    await index.settled();
    expect(index.report().agreement).toMatchObject({ faces: 1, sameMember: 1, notFoundBySecond: 1 });
  });

  test("disposing it ends the enrolments that wait, and disposes both", async () => {
    const disposed: string[] = [];
    const part = (name: string): FaceIndex => ({
      ...toyFaceIndex(),
      async [Symbol.asyncDispose]() {
        disposed.push(name);
      },
    });
    const b = toyFaceIndex();
    const index = shadow(part("a"), { ...b, [Symbol.asyncDispose]: part("b")[Symbol.asyncDispose] });
    await tried(index).register("ada", photoOf(1));
    await tried(index).identify(photoOf(1));
    await index[Symbol.asyncDispose]();
    await index[Symbol.asyncDispose]();
    expect(disposed).toEqual(["a", "b"]);
    expect(await enrolledIn(b)).toEqual(["ada"]);
  });

  test("disposing it waits for what waits no longer than for one call, and counts the rest", async () => {
    stopTime();
    const [a, b] = [toyFaceIndex(), toyFaceIndex()];
    const { open: asked, release: onAsked } = gate();
    const hanging: FaceIndex = {
      ...b,
      probe() {
        onAsked();
        return new Promise(() => {});
      },
    };
    const index = shadow(a, hanging, { timeoutMs: 1_000 });
    const kit = tried(index);
    for (let i = 0; i < 5; i++) await kit.register(`member ${i}`, photoOf(i));
    await kit.identify(photoOf(1));
    await asked;
    await vi.advanceTimersByTimeAsync(400);
    let isOver = false;
    const over = index[Symbol.asyncDispose]().then(() => {
      isOver = true;
    });
    await vi.advanceTimersByTimeAsync(999);
    expect(isOver).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    for (let i = 0; i < 1_000 && !isOver; i++) await Promise.resolve();
    expect(isOver).toBe(true);
    await over;
    const { second } = index.report();
    expect(second.skippedSearches).toBe(1);
    // One took too long, and one was at work when the time was over.
    expect([second.probe.failures, second.skippedEnrolments]).toEqual([2, 3]);
  });

  test("the second sees the photo that the first saw, also where the caller's buffer was filled anew", async () => {
    const [a, b] = [toyFaceIndex(), toyFaceIndex()];
    const { open, release } = gate();
    const late: FaceIndex = {
      ...b,
      async probe(...args) {
        await open;
        return b.probe(...args);
      },
    };
    const index = shadow(a, late);
    const kit = tried(index);
    const [file, pixels] = [fileOf(1), photoOf(2)];
    await kit.register("ada", file);
    await kit.register("bo", pixels);
    file.set(fileOf(7));
    pixels.data.set(photoOf(8).data);
    release();
    await index.settled();
    const known = createFlows({ index: b });
    const names = await Promise.all(
      [1, 2, 7, 8].map(async (person) => (await known.identify(photoOf(person))).best?.memberId),
    );
    expect(names).toEqual(["ada", "bo", undefined, undefined]);
  });

  describe("photos that are given by path", () => {
    /** What lies at each path. */
    const files = new Map<string, Uint8Array>();
    const readFile = async (photo: ImageInput): Promise<Uint8Array> => {
      const bytes = files.get(String(photo));
      if (bytes === undefined) throw new FaceKitError("image-not-found", "No such file.");
      return bytes;
    };
    /** Reads paths, as the indexes of Node do. */
    const reading = (index: FaceIndex): FaceIndex => ({
      ...index,
      probe: async (photo, options) => index.probe(typeof photo === "string" ? await readFile(photo) : photo, options),
    });

    test("are read once for both, and what lies there later is nobody's photo", async () => {
      const [a, b] = [toyFaceIndex(), toyFaceIndex()];
      const { open, release } = gate();
      const late = reading({
        ...b,
        async probe(...args) {
          await open;
          return b.probe(...args);
        },
      });
      const path = "ada.jpg";
      files.set(path, fileOf(1));
      const index = shadow(reading(a), late, {
        readPhoto: readFile,
      });
      await tried(index).register("ada", path);
      files.set(path, fileOf(7));
      release();
      await index.settled();
      const known = createFlows({ index: b });
      expect((await known.identify(photoOf(1))).best?.memberId).toBe("ada");
      expect((await known.identify(photoOf(7))).best).toBeUndefined();
    });

    test("are not put to the second where nobody reads them, and counted", async () => {
      const b = toyFaceIndex();
      const path = "ada.jpg";
      files.set(path, fileOf(1));
      const unread: ShadowOptions[] = [{}, { readPhoto: () => Promise.reject(down) }];
      for (const options of unread) {
        const index = shadow(reading(toyFaceIndex()), reading(b), options);
        const kit = tried(index);
        await kit.register("ada", path);
        expect((await kit.identify(path)).best?.memberId).toBe("ada");
        await index.settled();
        expect(index.report()).toMatchObject({
          agreement: { faces: 0, notFoundBySecond: 0 },
          second: { probe: { calls: 0 }, skippedSearches: 1, skippedEnrolments: 1 },
        });
        expect(await enrolledIn(b)).toEqual([]);
      }
    });
  });

  test("refuses options that are wrong, and a part whose threshold is not known", () => {
    const { calibration: _, ...unknown } = toyFaceIndex();
    expect(() => shadow(toyFaceIndex(), unknown)).toThrow(/calibration/);
    expect(() => shadow(toyFaceIndex(), unknown, { second: { threshold: 80 } })).not.toThrow();
    expect(() => shadow(toyFaceIndex(), toyFaceIndex(), { maxWaiting: 0 })).toThrow(/maxWaiting/);
    expect(() => shadow(toyFaceIndex(), toyFaceIndex(), { first: { costs: { probe: -1 } } })).toThrow(/costs/);
  });
});
