import { FaceKitError } from "@facekit/core";
import { errnoOf } from "./failures.js";

/** A client package that only those install who use its database. Rejects with `not-supported` where it is missing. */
export async function importClient<T>(adapter: string, name: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (error) {
    if (errnoOf(error) !== "ERR_MODULE_NOT_FOUND") throw error;
    throw new FaceKitError("not-supported", `The package "${name}" is not installed. Run: npm install ${name}`, {
      adapter,
      cause: error,
    });
  }
}
