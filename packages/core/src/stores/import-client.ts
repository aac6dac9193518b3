import { FaceKitError } from "../errors.js";

/**
 * A client package that only those install who use its database. Rejects with `not-supported` where it is missing.
 * `wanted` is what to install: its name, and the version where only some will do.
 */
export async function importClient<T>(adapter: string, wanted: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (error) {
    const code = typeof error === "object" && error !== null && "code" in error ? error.code : undefined;
    if (code !== "ERR_MODULE_NOT_FOUND") throw error;
    throw new FaceKitError("not-supported", `The database's client is not installed. Run: npm install ${wanted}`, {
      adapter,
      cause: error,
    });
  }
}
