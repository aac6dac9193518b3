import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { FaceKitError } from "../src/errors.js";
import { retry } from "../src/retry.js";

const busy = (retryAfterMs?: number): FaceKitError =>
  new FaceKitError("store-unavailable", "busy", {
    retryable: true,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** Runs the clock until the call has settled. */
async function settled<T>(call: Promise<T>): Promise<PromiseSettledResult<T>> {
  const [[result]] = await Promise.all([Promise.allSettled([call]), vi.runAllTimersAsync()]);
  return result;
}

test("repeats while the error is retryable", async () => {
  const call = vi.fn().mockRejectedValueOnce(busy()).mockRejectedValueOnce(busy()).mockResolvedValue("done");
  expect(await settled(retry(call))).toEqual({ status: "fulfilled", value: "done" });
  expect(call).toHaveBeenCalledTimes(3);
});

test("does not repeat other errors", async () => {
  for (const error of [new FaceKitError("conflict", "changed"), new Error("bug"), "text"]) {
    const call = vi.fn().mockRejectedValue(error);
    expect(await settled(retry(call))).toEqual({ status: "rejected", reason: error });
    expect(call).toHaveBeenCalledTimes(1);
  }
});

test("gives up with the last error at the deadline", async () => {
  const start = performance.now();
  const call = vi.fn().mockImplementation(() => Promise.reject(busy()));
  const result = await settled(retry(call, { deadlineMs: 1000, initialDelayMs: 10 }));
  expect(result).toMatchObject({ status: "rejected", reason: { code: "store-unavailable" } });
  expect(performance.now() - start).toBeLessThanOrEqual(1000);
  expect(call.mock.calls.length).toBeGreaterThan(2);
});

test("waits as long as the error asks for, and not at all where that is past the deadline", async () => {
  const start = performance.now();
  const call = vi.fn().mockRejectedValueOnce(busy(700)).mockResolvedValue("done");
  await settled(retry(call));
  expect(performance.now() - start).toBeCloseTo(700, -1);
  const late = vi.fn().mockRejectedValue(busy(20_000));
  expect(await settled(retry(late))).toMatchObject({ status: "rejected" });
  expect(late).toHaveBeenCalledTimes(1);
});

test("ends with the signal's reason: before, while waiting, and when aborted during the call", async () => {
  const reason = new Error("enough");
  const call = vi.fn().mockRejectedValue(busy(1000));
  expect(await settled(retry(call, { signal: AbortSignal.abort(reason) }))).toEqual({ status: "rejected", reason });
  expect(call).not.toHaveBeenCalled();

  const waiting = new AbortController();
  setTimeout(() => waiting.abort(reason), 500);
  expect(await settled(retry(call, { signal: waiting.signal }))).toEqual({ status: "rejected", reason });
  expect(call).toHaveBeenCalledTimes(1);

  const during = new AbortController();
  const start = performance.now();
  const aborting = (): Promise<never> => {
    during.abort(reason);
    return Promise.reject(busy(1000));
  };
  expect(await settled(retry(aborting, { signal: during.signal }))).toEqual({ status: "rejected", reason });
  expect(performance.now()).toBe(start);
});

test("times that are none are refused, and a wait that is none ends it", async () => {
  let calls = 0;
  const failing = async (): Promise<never> => {
    calls++;
    throw new FaceKitError("download-failed", "busy", { retryable: true, retryAfterMs: calls < 50 ? Number.NaN : 1e9 });
  };
  for (const options of [{ deadlineMs: Number.NaN }, { initialDelayMs: -1 }, { deadline: 5 }]) {
    await expect(retry(failing, options as object)).rejects.toMatchObject({ code: "invalid-argument" });
  }
  expect(calls).toBe(0);
  await expect(retry(failing)).rejects.toMatchObject({ code: "download-failed" });
  expect(calls).toBe(1);
});
