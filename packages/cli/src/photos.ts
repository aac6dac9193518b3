import { statSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { extname, join } from "node:path";
import { FaceKitError } from "@facekit/core";
import type { Shell } from "./shell.js";

const extensions: ReadonlySet<string> = new Set([".jpg", ".jpeg", ".png", ".webp", ".avif", ".gif", ".tif", ".tiff"]);

/** A photo as the command line names it, and where it is. */
export interface PhotoFile {
  readonly name: string;
  readonly path: string;
}

export function isPhotoName(name: string): boolean {
  return extensions.has(extname(name).toLowerCase());
}

/** The photos that the command line names. Throws `image-not-found` for the first that is not there. */
export function photoFiles(shell: Shell, names: readonly string[]): PhotoFile[] {
  return names.map((name) => {
    const path = shell.path(name);
    if (!isFile(path)) throw new FaceKitError("image-not-found", `There is no photo at ${path}.`);
    return { name, path };
  });
}

/** The text of a file that the command line names. */
export async function readText(shell: Shell, name: string): Promise<string> {
  const path = shell.path(name);
  if (!isFile(path)) throw new FaceKitError("invalid-argument", `There is no file at ${path}.`);
  return readFile(path, "utf8");
}

export function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

export interface Folder {
  readonly name: string;
  readonly path: string;
  /** Paths of its photos. */
  readonly photos: readonly string[];
  /** Names of the folders in it. */
  readonly folders: readonly string[];
}

/** The photos and folders of a folder by name, links followed; hidden ones are passed over. */
export async function readFolder(shell: Shell, name: string): Promise<Folder> {
  const path = shell.path(name);
  if (!isFolder(path)) throw new FaceKitError("invalid-argument", `There is no folder at ${path}.`);
  const photos: string[] = [];
  const folders: string[] = [];
  for (const entry of (await readdir(path)).sort()) {
    if (entry.startsWith(".")) continue;
    const here = join(path, entry);
    if (isFolder(here)) folders.push(entry);
    else if (isPhotoName(entry) && isFile(here)) photos.push(here);
  }
  return { name, path, photos, folders };
}

/** A folder of each member, by the member's id. */
export async function readMembers(shell: Shell, directory: string): Promise<Map<string, readonly string[]>> {
  const { path, folders } = await readFolder(shell, directory);
  const members = new Map<string, readonly string[]>();
  for (const folder of folders) members.set(folder, (await readFolder(shell, join(path, folder))).photos);
  if (members.size > 0) return members;
  throw new FaceKitError(
    "invalid-argument",
    `${path} has no folder in it. Make one for each member, named by the member's id, with photos of that member alone.`,
  );
}
