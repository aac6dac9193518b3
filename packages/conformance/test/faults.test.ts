import { faultyServerConformance } from "@facekit/conformance/faults";
import { expect, test } from "vitest";
import { type ToyClientOptions, toyRecords, toyServer } from "./toy-server.js";

/** Runs the suite over a server and gives what failed. */
async function failuresOf(options: ToyClientOptions = {}): Promise<string> {
  const tests: { name: string; run: () => Promise<void> }[] = [];
  const failed: string[] = [];
  await using server = await toyServer();
  faultyServerConformance({
    test: (name, run) => tests.push({ name, run }),
    url: server.url,
    create: () => {
      const place = crypto.randomUUID();
      return (url) => toyRecords(url, place, options);
    },
  });
  for (const { name, run } of tests) await run().catch((error: unknown) => failed.push(`${name}: ${error}`));
  return failed.join("\n");
}

test("a database behind a faulty connection passes where nothing is wrong", async () => {
  expect(await failuresOf()).toBe("");
});

test("clients that repeat conditional writes, give raw errors or acknowledge early are caught", async () => {
  expect(await failuresOf({ wrong: "repeats conditions" })).toContain("two who write on one condition");
  expect(await failuresOf({ wrong: "untyped errors" })).toContain("expected a FaceKitError");
  expect(await failuresOf({ wrong: "acknowledges early" })).toContain("what was acknowledged is there");
});
