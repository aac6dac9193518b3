import { expect, test } from "vitest";
import { numberText, parseJson, textOf } from "../src/json.js";

/** With numbers as they were written. */
function read(text: string): unknown {
  return JSON.parse(JSON.stringify(parseJson(text)?.value), (_, value: unknown) => numberText(value) ?? value);
}

test("numbers keep the digits in which they were written, and strings are left alone", () => {
  expect(read('{"a":12.90,"b":-0.10e+2,"c":"7, \\"8\\" -9","d":[1,{"5":6}],"e":true,"f":null}')).toEqual({
    a: "12.90",
    b: "-0.10e+2",
    c: '7, "8" -9',
    d: ["1", { "5": "6" }],
    e: true,
    f: null,
  });
  expect(read('"ends in a backslash \\\\"')).toBe("ends in a backslash \\");
  expect(read("123456789012345678901234567890")).toBe("123456789012345678901234567890");
});

test("what is no whole JSON is none", () => {
  for (const text of ["", "{", '{"a":1', '"abc', '"abc\\"', "<html>", "{'a':1}", "NaN", "-", "[1,]", "{} {}"]) {
    expect([text, parseJson(text)]).toEqual([text, undefined]);
  }
});

test("megabytes of hostile text are read, or refused, without going over them again and again", () => {
  const million = 1_000_000;
  expect(parseJson(`"${'\\"'.repeat(2 * million)}`)).toBeUndefined();
  expect(parseJson('"'.repeat(million))).toBeUndefined();
  expect(parseJson("-".repeat(million))).toBeUndefined();
  expect(parseJson("[".repeat(million))).toBeUndefined();
  expect(textOf(parseJson(`"${"x".repeat(8 * million)}"`)?.value)).toHaveLength(8 * million);
  expect(textOf(parseJson(`"${"\\\\".repeat(4 * million)}"`)?.value)).toHaveLength(4 * million);
});
