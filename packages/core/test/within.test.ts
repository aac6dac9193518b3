import { within } from "@facekit/core";
import { expect, test } from "vitest";

const tooLate = new Error("too late");
const late = (): Error => tooLate;
const never = (): Promise<never> => new Promise(() => {});

test("gives what the call gives, or its error, however long the time is", async () => {
  expect(await within(Number.POSITIVE_INFINITY, async () => 7, { late })).toBe(7);
  const failure = new Error("failed");
  await expect(within(1000, () => Promise.reject(failure), { late })).rejects.toBe(failure);
});

test("a call that does not heed its signal is not waited for, and its signal tells why", async () => {
  let seen: AbortSignal | undefined;
  const call = (signal: AbortSignal): Promise<never> => {
    seen = signal;
    return never();
  };
  await expect(within(10, call, { late })).rejects.toBe(tooLate);
  expect(seen?.reason).toBe(tooLate);
});

test("the caller's signal ends it with its own reason", async () => {
  const controller = new AbortController();
  const call = (): Promise<never> => {
    controller.abort("enough");
    return never();
  };
  await expect(within(1e12, call, { late, signal: controller.signal })).rejects.toBe("enough");
});

test("nothing is called where there is no time, or the signal is aborted already", async () => {
  const call = (): Promise<never> => Promise.reject(new Error("called"));
  await expect(within(0, call, { late })).rejects.toBe(tooLate);
  await expect(within(10, call, { late, signal: AbortSignal.abort("enough") })).rejects.toBe("enough");
});
