import { test, vi } from "vitest";
import { facekit } from "./facekit.js";
import { mkdirSync } from "node:fs";
vi.mock("@facekit/drawn-people", async (original) => {
  const real = await original<typeof import("@facekit/drawn-people")>();
  const make = (names: string[], from: number) => names.map((name, i) => ({ name, person: real.personFromSeed(from + 7 * i) }));
  return { ...real, cast: { members: make(["ada","bo","cy","dee","eve","fay","gus","hal","ivy","joe","kim","lou"], 3), strangers: make(["s1","s2","s3","s4"], 500) },
    drawnDomainThresholds: { "dlib-resnet-128/landmarks-68/1": { threshold: 0.95 } } };
});
test("x", async () => {
  mkdirSync("/tmp/cli-run/demo", { recursive: true });
  const ran = await facekit("/tmp/cli-run/demo", "demo");
  console.log(ran.status, ran.stdout, ran.stderr);
  const again = await facekit("/tmp/cli-run/demo", "demo", "facekit-demo", "--json");
  console.log(again.stdout, again.stderr);
}, 300000);
