import { expect, test } from "vitest";
import { exactDecimal } from "../src/decimal.js";

test("numbers become decimal strings with every digit", () => {
  const known = {
    "12.90": "12.90",
    " 12 ": "12",
    "-0.50": "-0.50",
    "+5": "5",
    ".5": "0.5",
    "5.": "5",
    "007.10": "7.10",
    "0": "0",
    "1.29e1": "12.9",
    "1e3": "1000",
    "1.5E-3": "0.0015",
    "-12e-1": "-1.2",
    "123456789012345678.99": "123456789012345678.99",
  };
  for (const [text, decimal] of Object.entries(known)) expect([text, exactDecimal(text)]).toEqual([text, decimal]);
});

test("what is no decimal number is none", () => {
  for (const text of [
    "",
    ".",
    "-",
    "12,90",
    "1.234,50",
    "1 000",
    "€5",
    "NaN",
    "Infinity",
    "0x10",
    "1e999",
    "1e99999999",
    "--1",
  ]) {
    expect([text, exactDecimal(text)]).toEqual([text, undefined]);
  }
});
