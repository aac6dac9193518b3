import { FaceKitError } from "@facekit/core";
import { parse } from "csv-parse/sync";
import type { Pair } from "./pairs.js";

export interface PairsFile {
  /** LFW's own format, whose photos are of the person in the middle; or a CSV file. */
  readonly format: "lfw" | "csv";
  /** At least one, none empty. */
  readonly folds: readonly (readonly Pair[])[];
}

/**
 * Reads LFW's `pairs.txt` (a line with the folds and the pairs of each kind in a fold, or with the latter alone; then
 * `person, n, m` or `person, n, other, m` between tabs) or CSV with the head `file_a,file_b,same`. Photos are named by
 * their paths below the folder of photos, LFW's as `Person/Person_0001.jpg`.
 */
export function parsePairs(text: string): PairsFile {
  const isLfw = /^\uFEFF?\s*\d+([\t ]+\d+)?\s*(\n|$)/.test(text);
  return isLfw ? { format: "lfw", folds: lfwFolds(text) } : { format: "csv", folds: [csvPairs(text)] };
}

function lfwFolds(text: string): Pair[][] {
  const [head = "", ...lines] = text.replace("\uFEFF", "").trim().split(/\s*\n/);
  const numbers = head.trim().split(/\s+/).map(Number);
  const [count = 1, each = 0] = numbers.length === 1 ? [1, ...numbers] : numbers;
  const size = 2 * each;
  if (count < 1 || size < 1 || lines.length !== count * size) {
    refuse(1, `"${head}" announces ${count * size} pairs, ${lines.length} follow`);
  }
  const pairs = lines.map((line, i) => lfwPair(line, i + 2));
  return Array.from({ length: count }, (_, fold) => pairs.slice(fold * size, (fold + 1) * size));
}

function lfwPair(line: string, lineNumber: number): Pair {
  const [person = "", first = "", second = "", third] = line.split("\t");
  const photo = (name: string, number: string): string => {
    if (name === "" || !/^\d+$/.test(number)) {
      refuse(lineNumber, `"${line}" is neither "person, n, m" nor "person, n, other person, m" between tabs`);
    }
    return `${name}/${name}_${number.padStart(4, "0")}.jpg`;
  };
  return third === undefined
    ? { a: photo(person, first), b: photo(person, second), same: true }
    : { a: photo(person, first), b: photo(second, third), same: false };
}

const columns = "file_a,file_b,same";
const answers: Readonly<Record<string, boolean>> = { "1": true, "0": false, true: true, false: false };

function csvPairs(text: string): Pair[] {
  const [head = [], ...rows] = rowsOf(text);
  if (head.join() !== columns) refuse(1, `the head has to be "${columns}"; it is "${head.join()}"`);
  if (rows.length === 0) refuse(2, "no pair follows");
  return rows.map((row, i) => {
    const [a = "", b = "", word = ""] = row;
    const same = answers[word.toLowerCase()];
    if (row.length !== 3 || a === "" || b === "" || same === undefined) {
      return refuse(i + 2, `"${row.join()}" is not two photos and 1 (one person) or 0 (two people)`);
    }
    return { a, b, same };
  });
}

function rowsOf(text: string): string[][] {
  try {
    return parse(text, { bom: true, trim: true, skip_empty_lines: true, relax_column_count: true });
  } catch (error) {
    throw new FaceKitError(
      "invalid-argument",
      `The pairs are no CSV: ${error instanceof Error ? error.message : error}`,
    );
  }
}

function refuse(line: number, what: string): never {
  throw new FaceKitError("invalid-argument", `Line ${line} of the pairs cannot be read: ${what}.`);
}
