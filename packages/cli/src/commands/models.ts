import { dirname, resolve } from "node:path";
import { isFaceKitError } from "@facekit/core";
import { bundledPack, cardsOfPack, findCard, type ModelCard, modelCards, resolvePack } from "@facekit/models";
import { defaultCacheDirectory, locateModel, type ModelOptions, pullModel } from "@facekit/models/cache";
import type { Command } from "commander";
import type { GlobalOptions } from "../options.js";
import { type Answer, exitStatus, type Shell } from "../shell.js";
import { count, example, table } from "../text.js";

export function addModels(program: Command, shell: Shell): void {
  const models = program
    .command("models")
    .description("the models: what there is, fetch them, check them")
    .addHelpText("after", example("facekit models list", "facekit models pull yunet-640 sface"));
  models
    .command("list")
    .description("all known models with licence and size, and whether they are here")
    .addHelpText("after", example("facekit models list"))
    .action(async (_options: object, command: Command) => {
      shell.answer(await list(shell, command.optsWithGlobals<GlobalOptions>()));
    });
  models
    .command("pull")
    .description("download models into the cache, where they are not here yet; SHA-256 is verified")
    .argument("<id...>", "models by id, or packs: DETECTOR+EMBEDDER")
    .addHelpText("after", example("facekit models pull yunet-640 sface"))
    .action(async (ids: string[], _options: object, command: Command) => {
      shell.answer(await pull(shell, ids, command.optsWithGlobals<GlobalOptions>()));
    });
  models
    .command("check")
    .description("verify size and SHA-256 of the named models, or of all that are here")
    .argument("[id...]", "models by id, or packs: DETECTOR+EMBEDDER")
    .addHelpText("after", example("facekit models check"))
    .action(async (ids: string[], _options: object, command: Command) => {
      shell.answer(await check(shell, ids, command.optsWithGlobals<GlobalOptions>()));
    });
}

type Place = "bundled" | "directory" | "cache";

/** Where a model is, verified; or why it cannot be used. */
type Found =
  | { readonly card: ModelCard; readonly where: Place; readonly path: string }
  | { readonly card: ModelCard; readonly where: null; readonly code: string; readonly message: string };

async function list(shell: Shell, options: GlobalOptions): Promise<Answer> {
  const found = await findAll(shell, modelCards, options);
  const models = found.map(({ card, ...place }) => ({
    id: card.id,
    task: card.task,
    title: card.title,
    licence: card.licence.weights,
    commercialUse: card.licence.commercialUse,
    bytes: card.bytes,
    source: card.source,
    downloadable: card.url !== undefined,
    ...(place.where === null ? { where: null } : place),
  }));
  const rows = found.map(({ card, ...place }) => [
    card.id,
    card.task,
    card.licence.weights,
    card.licence.commercialUse,
    `${(card.bytes / 1e6).toFixed(1)} MB`,
    place.where === null ? absence(card, place.code) : placeText(place.where, place.path),
  ]);
  return { json: { models }, text: table([["id", "task", "licence", "commercial use", "size", "where"], ...rows]) };
}

function absence({ url }: ModelCard, code: string): string {
  if (code !== "model-not-found") return "damaged";
  return url === undefined ? "not here, no download" : "not here, can be pulled";
}

function placeText(where: Place, path: string): string {
  return where === "bundled" ? "bundled" : `${where === "cache" ? "cached" : "found"}: ${path}`;
}

async function pull(shell: Shell, ids: readonly string[], options: GlobalOptions): Promise<Answer> {
  const cards = cardsOf(ids);
  const { cacheDirectory, acceptNonCommercial = false } = modelOptions(shell, options);
  const pulled = await shell.progress(async (onProgress) => {
    const paths = [];
    for (const card of cards) {
      const path = await pullModel(card, {
        onProgress,
        acceptNonCommercial,
        ...(cacheDirectory === undefined ? {} : { cacheDirectory }),
      });
      paths.push({ id: card.id, path });
    }
    return paths;
  });
  return { json: { pulled }, text: pulled.map(({ id, path }) => `${id} is at ${path}`).join("\n") };
}

async function check(shell: Shell, ids: readonly string[], options: GlobalOptions): Promise<Answer> {
  const found = await findAll(shell, ids.length === 0 ? modelCards : cardsOf(ids), options);
  const present = found.filter((one) => ids.length > 0 || one.where !== null || one.code !== "model-not-found");
  const models = present.map(({ card, ...place }) => ({ id: card.id, ok: place.where !== null, ...place }));
  const damaged = models.filter(({ ok }) => !ok).length;
  const lines = present.map((one) =>
    one.where === null ? `${one.card.id}: ${one.message}` : `${one.card.id}: good, ${one.path}`,
  );
  return {
    status: damaged > 0 ? exitStatus.failure : exitStatus.yes,
    json: { models },
    text: [...lines, `${models.length - damaged} of ${count(models.length, "model")} good`].join("\n"),
  };
}

/** The cards of ids and packs, each once. */
function cardsOf(ids: readonly string[]): ModelCard[] {
  const isPack = (id: string): boolean => id === bundledPack.name || id.includes("+");
  return [...new Set(ids.flatMap((id) => (isPack(id) ? cardsOfPack(resolvePack(id)) : [findCard(id)])))];
}

function findAll(shell: Shell, cards: readonly ModelCard[], options: GlobalOptions): Promise<Found[]> {
  return shell.progress(async (onProgress) => {
    const found: Found[] = [];
    for (const card of cards) found.push(await find(card, { ...modelOptions(shell, options), onProgress }));
    return found;
  });
}

async function find(card: ModelCard, options: ModelOptions): Promise<Found> {
  try {
    // To look at a file is not to use it, whatever its licence.
    const path = await locateModel(card, { ...options, acceptNonCommercial: true });
    return { card, where: placeOf(path, options), path };
  } catch (error) {
    if (!isFaceKitError(error)) throw error;
    return { card, where: null, code: error.code, message: error.message };
  }
}

function placeOf(path: string, { directories = [], cacheDirectory = defaultCacheDirectory() }: ModelOptions): Place {
  if (directories.includes(dirname(path))) return "directory";
  return dirname(path) === resolve(cacheDirectory) ? "cache" : "bundled";
}

function modelOptions(shell: Shell, { modelsDir, cacheDir, acceptNonCommercial }: GlobalOptions): ModelOptions {
  return {
    ...(modelsDir === undefined ? {} : { directories: [shell.path(modelsDir)] }),
    ...(cacheDir === undefined ? {} : { cacheDirectory: shell.path(cacheDir) }),
    ...(acceptNonCommercial === undefined ? {} : { acceptNonCommercial }),
  };
}
