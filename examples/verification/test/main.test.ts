import { expect, it } from "vitest";
import { main } from "../main.js";

it("lets drawn members in as themselves and as nobody else", async () => {
  const lines: string[] = [];
  const outcome = await main([], (line) => lines.push(line));
  expect(outcome).toEqual({ accepted: 4, refused: 4, people: 4 });
  expect(lines.at(-1)).toBe("let in as themselves 4/4, turned away as others 4/4");
});
