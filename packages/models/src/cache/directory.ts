import { homedir } from "node:os";
import { posix, win32 } from "node:path";

/** Where downloaded models are kept: `FACEKIT_MODELS`, or the platform's folder for caches. */
export function defaultCacheDirectory(
  env: NodeJS.ProcessEnv = process.env,
  platform: NodeJS.Platform = process.platform,
): string {
  if (env.FACEKIT_MODELS) return env.FACEKIT_MODELS;
  if (platform === "win32") {
    return win32.join(env.LOCALAPPDATA || win32.join(homedir(), "AppData", "Local"), "facekit", "models");
  }
  if (platform === "darwin") return posix.join(homedir(), "Library", "Caches", "facekit", "models");
  return posix.join(env.XDG_CACHE_HOME || posix.join(homedir(), ".cache"), "facekit", "models");
}
