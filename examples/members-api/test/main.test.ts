import { expect, it } from "vitest";
import { main } from "../main.js";

it("shows the members of the API and their purchases", async () => {
  const lines: string[] = [];
  await main([], (line) => lines.push(line));
  expect(lines.filter((line) => !line.startsWith(" ")).map((line) => line.split(":")[0])).toEqual([
    "ada",
    "ben",
    "cleo",
  ]);
  expect(lines).toContain("  2025-04-03  -1 x croissant  -2.20 EUR");
});
