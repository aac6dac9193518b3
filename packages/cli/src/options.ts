import { existsSync } from "node:fs";
import {
  chooseThreshold,
  type Detector,
  type Embedder,
  type FaceKit,
  type Threshold,
  type ThresholdOptions,
  thresholdForGallery,
  thresholdOptionsOf,
} from "@facekit/core";
import { createFaceKit, loadPack } from "@facekit/node";
import { type Command, InvalidArgumentError, Option } from "commander";
import { membersApi } from "./members-api.js";
import type { Shell } from "./shell.js";

/** What every command understands. */
export interface GlobalOptions extends ThresholdOptions {
  readonly models: string;
  readonly modelsDir?: string;
  readonly cacheDir?: string;
  readonly store?: string;
  readonly membersApi?: string;
  readonly namespace?: string;
  readonly minFaceSize?: number;
  readonly acceptNonCommercial?: boolean;
}

const defaultStore = "facekit.db";

export function addGlobalOptions(program: Command): void {
  program
    .option(
      "--models <pack>",
      "models to use: bundled, or DETECTOR+EMBEDDER by id (see: facekit models list)",
      "bundled",
    )
    .option("--models-dir <dir>", "folder in which model files are looked for before the cache")
    .option("--cache-dir <dir>", "folder that keeps downloaded models (default: the user's cache folder)")
    .option("--store <file>", `SQLite file with members, templates and visits (default: ./${defaultStore})`)
    .option("--members-api <file>", "JSON file that says how to reach a members' API (default: members in the store)")
    .option("--namespace <name>", "event, venue or tenant whose members are meant (default: default)")
    .addOption(
      new Option("--false-positive-rate <rate>", "name this share of strangers at most, for example 1e-2")
        .argParser(number)
        .conflicts(["threshold", "falseMatchRate"]),
    )
    .addOption(
      new Option("--false-match-rate <rate>", "accept this share of false matches in single comparisons, such as 1e-4")
        .argParser(number)
        .conflicts("threshold"),
    )
    .option("--threshold <similarity>", "accept from this similarity on; its error rate is not known", cosine)
    .option("--min-face-size <pixels>", "register no face smaller than this (default: 40)", number)
    .option("--accept-non-commercial", "allow models whose licence forbids commercial use")
    .option("--json", "print one JSON object on stdout and nothing else there");
}

function number(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value)) throw new InvalidArgumentError("It has to be a number.");
  return value;
}

/** A time of the command line, 0 or more. */
export function milliseconds(text: string): number {
  const value = number(text);
  if (value < 0) throw new InvalidArgumentError("It has to be 0 or more.");
  return value;
}

function cosine(text: string): number {
  const value = number(text);
  if (value < -1 || value > 1) throw new InvalidArgumentError("It has to be from -1 to 1.");
  return value;
}

/**
 * `create`: the store file is made where there is none; `read`: a missing store is an empty one, and stays missing;
 * `none`: nothing is kept.
 */
export type StoreUse = "create" | "read" | "none";

/** The kit that the options describe. */
export async function openKit(shell: Shell, options: GlobalOptions, use: StoreUse): Promise<FaceKit> {
  const { models, modelsDir, cacheDir, namespace, membersApi: api, minFaceSize, acceptNonCommercial } = options;
  const store = use === "none" ? undefined : storeFile(shell, options, use);
  const members = api === undefined ? undefined : await membersApi(shell, api);
  return shell.progress((onProgress) =>
    createFaceKit({
      models,
      ...(members === undefined ? {} : { members }),
      onProgress,
      ...(store === undefined ? {} : { store }),
      ...(modelsDir === undefined ? {} : { modelsDirectory: shell.path(modelsDir) }),
      ...(cacheDir === undefined ? {} : { cacheDirectory: shell.path(cacheDir) }),
      ...(namespace === undefined ? {} : { namespace }),
      ...thresholdOptionsOf(options),
      ...(minFaceSize === undefined ? {} : { minFaceSize }),
      ...(acceptNonCommercial === undefined ? {} : { acceptNonCommercial }),
    }),
  );
}

/** The nets alone, for measuring them. */
export async function openPack(
  shell: Shell,
  { models, modelsDir, cacheDir, acceptNonCommercial }: GlobalOptions,
): Promise<{ detector: Detector; embedder: Embedder } & AsyncDisposable> {
  const pack = await shell.progress((onProgress) =>
    loadPack(models, {
      onProgress,
      ...(modelsDir === undefined ? {} : { modelsDirectory: shell.path(modelsDir) }),
      ...(cacheDir === undefined ? {} : { cacheDirectory: shell.path(cacheDir) }),
      ...(acceptNonCommercial === undefined ? {} : { acceptNonCommercial }),
    }),
  );
  return {
    ...pack,
    async [Symbol.asyncDispose]() {
      await pack.detector[Symbol.asyncDispose]();
      await pack.embedder[Symbol.asyncDispose]();
    },
  };
}

/**
 * The threshold that the options ask for, else the card's; none where the card has none. Of searches where the number
 * of comparisons is given, else of single ones.
 */
export function thresholdOf(
  options: GlobalOptions,
  { calibration }: Embedder,
  comparisons?: number,
): Threshold | undefined {
  const asked = thresholdOptionsOf(options);
  if (calibration === undefined && Object.keys(asked).length === 0) return undefined;
  return comparisons === undefined
    ? chooseThreshold(asked, calibration)
    : thresholdForGallery(asked, calibration, comparisons);
}

function storeFile(shell: Shell, options: GlobalOptions, use: "create" | "read"): string | undefined {
  const file = shell.path(options.store ?? defaultStore);
  if (use === "create" || existsSync(file)) return file;
  shell.note(`There is no store at ${file} yet, so nobody is enrolled. Register members: facekit register DIR`);
  return undefined;
}

/** Tells people, once a command, what the bundled models are good for. */
export function noteBundledModels(shell: Shell, options: GlobalOptions): void {
  if (shell.json || options.models !== "bundled") return;
  shell.note(
    "Using the bundled models, made for a first try and small galleries. Stronger ones: " +
      "facekit models pull yunet-640 sface, then --models yunet-640+sface with a new --store",
  );
}
