import {
  createFlows,
  type FaceIndex,
  FaceKitError,
  type MemberSource,
  memoryMemberSource,
  type Purchase,
} from "@facekit/core";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { photoOf, toyFaceIndex } from "./toy-recognition.js";

const tea: Purchase = {
  id: "1",
  product: "tea",
  quantity: 2,
  total: "7.80",
  currency: "EUR",
  at: new Date("2024-02-29T12:00:00Z"),
};
const never = new Promise<never>(() => {});
const down = new FaceKitError("service-unavailable", "down", { retryable: true });

/** A kit in which Ada is registered and bought tea, over a source that `change` alters afterwards. */
async function kitWith(change: (source: MemberSource) => Partial<MemberSource> = () => ({})) {
  const source = memoryMemberSource();
  const index = toyFaceIndex();
  await createFlows({ index, members: source }).register("ada", photoOf(1), { member: { name: "Ada" } });
  await source.addPurchase("default", "ada", tea);
  const members: MemberSource = { ...source, ...change(source) };
  return { source, index, kit: createFlows({ index, members }) };
}

const identified = { status: "ok", value: { best: { memberId: "ada" } } };
const member = { status: "ok", value: { id: "ada", name: "Ada" } };
const purchases = {
  status: "ok",
  value: {
    purchases: 1,
    products: [{ product: "tea", quantity: 2, timesBought: 1, lastBoughtAt: tea.at }],
    totals: [{ currency: "EUR", total: "7.80" }],
    months: [{ month: "2024-02" }],
  },
};

describe("welcome", () => {
  test("tells who it is, what is known of the member, and what was bought", async () => {
    const { kit } = await kitWith();
    expect(await kit.welcome(photoOf(1))).toMatchObject({ identification: identified, member, purchases });
  });

  test("asks for nothing where nobody is recognised", async () => {
    const { kit } = await kitWith((source) => ({ ...source, get: () => Promise.reject(new Error("asked")) }));
    const notAsked = { status: "not-asked", why: "nobody-recognised" };
    for (const photo of [photoOf(5), photoOf()]) {
      expect(await kit.welcome(photo)).toMatchObject({
        identification: { status: "ok", value: { decision: { matched: false } } },
        member: notAsked,
        purchases: notAsked,
      });
    }
  });

  test("a recognition that fails is told, and nothing is asked", async () => {
    const { kit } = await kitWith();
    const notAsked = { status: "not-asked", why: "identification-failed" };
    expect(await kit.welcome(new Uint8Array([1]))).toMatchObject({
      identification: { status: "failed", error: { code: "image-unreadable" } },
      member: notAsked,
      purchases: notAsked,
    });
  });

  test("without a member source, and without purchases in it, it says so", async () => {
    const { index } = await kitWith();
    const notAsked = { status: "not-asked", why: "no-member-source" };
    expect(await createFlows({ index }).welcome(photoOf(1))).toMatchObject({
      identification: identified,
      member: notAsked,
      purchases: notAsked,
    });
    const { kit } = await kitWith(({ capabilities }) => ({ capabilities: { ...capabilities, purchases: false } }));
    expect(await kit.welcome(photoOf(1))).toMatchObject({
      member,
      purchases: { status: "not-asked", why: "no-purchases" },
    });
  });

  test("a member who was deleted while the photo was looked at", async () => {
    const { kit, source } = await kitWith();
    await source.delete("default", "ada");
    expect(await kit.welcome(photoOf(1))).toMatchObject({
      identification: identified,
      member: { status: "failed", error: { code: "unknown-member" } },
      purchases: { status: "not-asked", why: "member-unknown" },
    });
  });

  test("each part fails by itself, and what was read before is told", async () => {
    const entry = await kitWith(() => ({ get: () => Promise.reject(down) }));
    expect(await entry.kit.welcome(photoOf(1))).toMatchObject({ member: { status: "failed", error: down }, purchases });

    const list = await kitWith(() => ({
      async *purchases() {
        yield tea;
        yield { ...tea, id: "2" };
        throw new TypeError("half a JSON");
      },
    }));
    expect(await list.kit.welcome(photoOf(1))).toMatchObject({
      member,
      purchases: {
        status: "failed",
        error: { code: "service-unavailable", message: "half a JSON", cause: expect.any(TypeError) },
        known: { purchases: 2, totals: [{ currency: "EUR", total: "15.60" }] },
      },
    });
  });

  test("a source that never answers, and one that stops answering, are not waited for", async () => {
    // Time passes only where the source hangs: what answers at all answers in time.
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
    onTestFinished(() => {
      vi.useRealTimers();
    });
    const late = { code: "service-unavailable", retryable: true };
    const silent = await kitWith(() => ({
      get() {
        queueMicrotask(() => vi.advanceTimersByTime(1_000));
        return never;
      },
    }));
    expect(await silent.kit.welcome(photoOf(1), { deadlineMs: 1_000 })).toMatchObject({
      identification: identified,
      member: { status: "failed", error: late },
      purchases: { status: "failed", error: late, known: { purchases: 0 } },
    });
    let closed = false;
    const stuck = await kitWith(() => ({
      async *purchases(_namespace, _memberId, options) {
        try {
          yield tea;
          await new Promise((_, reject) => {
            options?.signal?.addEventListener("abort", () => reject(new Error("late")));
            queueMicrotask(() => vi.advanceTimersByTime(1_000));
          });
        } finally {
          closed = true;
        }
      },
    }));
    expect(await stuck.kit.welcome(photoOf(1), { deadlineMs: 1_000 })).toMatchObject({
      member,
      purchases: { status: "failed", error: late, known: { purchases: 1 } },
    });
    expect(closed).toBe(true);
  });

  test("what the member source says is told in its part, whatever it is", async () => {
    const closed = new FaceKitError("closed", "the source was closed");
    const refused = new FaceKitError("invalid-argument", "the source takes no such id");
    const { kit } = await kitWith(() => ({
      get: () => Promise.reject(closed),
      async *purchases() {
        yield tea;
        throw refused;
      },
    }));
    expect(await kit.welcome(photoOf(1))).toMatchObject({
      identification: identified,
      member: { status: "failed", error: closed },
      purchases: { status: "failed", error: refused, known: { purchases: 1 } },
    });
  });

  test("rejects where the rate cannot be held for so large a gallery, as identify does", async () => {
    const { index } = await kitWith();
    const large: FaceIndex = {
      ...index,
      search: async (...args) => ({ ...(await index.search(...args)), comparisons: 1_000_000 }),
    };
    const kit = createFlows({ index: large, falsePositiveRate: 0.01 });
    await expect(kit.identify(photoOf(1))).rejects.toMatchObject({ code: "rate-not-supported" });
    await expect(kit.welcome(photoOf(1))).rejects.toMatchObject({ code: "rate-not-supported" });
  });

  test("a signal that aborted while the person was recognised ends it, and the source is not asked", async () => {
    const controller = new AbortController();
    const { index, source } = await kitWith();
    const aborting: FaceIndex = {
      ...index,
      async search(...args) {
        const found = await index.search(...args);
        controller.abort("gone");
        return found;
      },
    };
    const members: MemberSource = { ...source, get: () => never };
    const kit = createFlows({ index: aborting, members });
    const options = { signal: controller.signal, deadlineMs: Number.POSITIVE_INFINITY };
    await expect(kit.welcome(photoOf(1), options)).rejects.toBe("gone");
  });

  test("rejects with the signal's own reason, and for options that are wrong", async () => {
    const controller = new AbortController();
    const { kit } = await kitWith(() => ({
      get: () => {
        controller.abort("gone");
        return never;
      },
    }));
    await expect(kit.welcome(photoOf(1), { signal: controller.signal })).rejects.toBe("gone");
    for (const options of [{ deadlineMs: -1 }, { timeZone: "Nowhere" }, { maxProducts: 0.5 }, { falseMatchRate: 2 }]) {
      await expect(kit.welcome(photoOf(1), options)).rejects.toMatchObject({ code: "invalid-argument" });
    }
    await kit[Symbol.asyncDispose]();
    await expect(kit.welcome(photoOf(1))).rejects.toMatchObject({ code: "closed" });
  });
});
