import { isFaceKitError } from "@facekit/core";
import { findLibrary, type Library } from "../src/library.js";

/** The folder of a compiled hnswlib-node, where it is not that of this package. */
export const folder: string | undefined = process.env.FACEKIT_HNSWLIB;

/** What options name it. */
export const named: { readonly hnswlib?: string } = folder === undefined ? {} : { hnswlib: folder };

/** hnswlib-node, or why there is none and the command that brings it. */
export const library: Library | string = found();

function found(): Library | string {
  try {
    return findLibrary(folder);
  } catch (error) {
    if (isFaceKitError(error, "not-supported")) return error.message;
    throw error;
  }
}
