import { cast } from "@facekit/drawn-people";
import { expect, it } from "vitest";
import { main } from "../main.js";

it("names four drawn members, misses two and tells the stranger", async () => {
  const names = cast.members.map(({ name }) => name);
  const lines: string[] = [];
  const outcome = await main([], (line) => lines.push(line));
  expect(outcome).toEqual({ present: names.slice(0, 4).sort(), absent: names.slice(4, 6).sort(), strangers: 1 });
  expect(lines.filter((line) => line.startsWith("written down"))).toHaveLength(4);
});
