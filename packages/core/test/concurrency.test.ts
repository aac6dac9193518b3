import { expect, test } from "vitest";
import { limiter, mapConcurrently } from "../src/concurrency.js";

/** Work that ends when the test says so. */
function stoppable(): {
  work: (item: number) => Promise<number>;
  end: (item: number, error?: Error) => void;
  started: number[];
} {
  const ends = new Map<number, (error?: Error) => void>();
  const started: number[] = [];
  return {
    started,
    work: (item) => {
      started.push(item);
      return new Promise((resolve, reject) =>
        ends.set(item, (error) => (error === undefined ? resolve(item * 10) : reject(error))),
      );
    },
    end: (item, error) => ends.get(item)?.(error),
  };
}

const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));

test("at most so many at work, results in the order of the items", async () => {
  const { work, end, started } = stoppable();
  const all = mapConcurrently([1, 2, 3, 4], 2, work);
  await settled();
  expect(started).toEqual([1, 2]);
  end(2);
  await settled();
  expect(started).toEqual([1, 2, 3]);
  end(3);
  end(1);
  await settled();
  end(4);
  expect(await all).toEqual([10, 20, 30, 40]);
  expect(await mapConcurrently([], 2, work)).toEqual([]);
});

test("the first item that fails decides, whichever fails first; none is started after a failure", async () => {
  const { work, end, started } = stoppable();
  const all = mapConcurrently([1, 2, 3, 4, 5], 3, work);
  const outcome = all.then(String, (error: Error) => error.message);
  let over = false;
  void outcome.then(() => {
    over = true;
  });
  await settled();
  end(3, new Error("third"));
  await settled();
  end(1, new Error("first"));
  await settled();
  expect(over).toBe(false);
  end(2);
  expect(await outcome).toBe("first");
  expect(started).toEqual([1, 2, 3]);
});

test("a limiter lets so many in, the others in their order, and a failure frees its place", async () => {
  const { work, end, started } = stoppable();
  const limited = limiter(2);
  const calls = [1, 2, 3, 4].map((item) => limited(() => work(item)).catch((error: Error) => error.message));
  await settled();
  expect(started).toEqual([1, 2]);
  end(1, new Error("no"));
  await settled();
  expect(started).toEqual([1, 2, 3]);
  end(3);
  end(2);
  await settled();
  end(4);
  expect(await Promise.all(calls)).toEqual(["no", 20, 30, 40]);
});

test("who gives up waiting for a limiter leaves at once and is never begun", async () => {
  const { work, end, started } = stoppable();
  const limited = limiter(1);
  const first = limited(() => work(1));
  const waiting = new AbortController();
  const second = limited(() => work(2), waiting.signal).catch(String);
  const third = limited(() => work(3));
  waiting.abort("no longer wanted");
  expect(await second).toBe("no longer wanted");
  end(1);
  await settled();
  end(3);
  expect(await Promise.all([first, third])).toEqual([10, 30]);
  expect(started).toEqual([1, 3]);
});

test("an index that says it takes no photo at a time is given one", async () => {
  expect(await mapConcurrently([1, 2], 0, async (item) => item)).toEqual([1, 2]);
  expect(await mapConcurrently([1, 2], Number.NaN, async (item) => item)).toEqual([1, 2]);
});
