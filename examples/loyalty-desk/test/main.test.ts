import { expect, it } from "vitest";
import { main } from "../main.js";

it("welcomes members by name and by what they buy, and a stranger as one", async () => {
  const lines: string[] = [];
  await main([], (line) => lines.push(line));
  expect(lines).toEqual([
    "Welcome, Ada Okafor! The usual espresso? So far: 2.50 EUR",
    "Welcome, Bo Lind! The usual green tea? So far: 9.60 EUR",
    "Welcome! We have not met.",
    "faces and members: 0 differences",
  ]);
});
