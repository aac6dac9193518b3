import { execFile } from "node:child_process";
import { accessSync, constants, existsSync, rmSync, writeFileSync } from "node:fs";
import { homedir, userInfo } from "node:os";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** What a program printed. Rejects with the end of what it printed where it fails or takes longer than `timeout`. */
export async function execute(file, args, options = {}) {
  try {
    const { stdout } = await run(file, args, { encoding: "utf8", maxBuffer: 2 ** 26, ...options });
    return stdout.trim();
  } catch (error) {
    const said = `${error.stdout ?? ""}\n${error.stderr ?? ""}`.trim().slice(-1000);
    throw new Error(error.killed ? `${file} took too long` : said || error.message);
  }
}

/** The path of a program: in the folders, or else in those of PATH. */
export function findProgram(name, folders = []) {
  for (const folder of [...folders, ...(process.env.PATH ?? "").split(delimiter)]) {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return join(folder, name);
    } catch {
      // Not here.
    }
  }
  return undefined;
}

const isRoot = process.platform !== "win32" && userInfo().uid === 0;

/** Who servers run as: most refuse root. */
export const unprivileged = isRoot ? { uid: 65534, gid: 65534 } : {};

/** Where what was built or downloaded is kept between runs; root's is one that `unprivileged` may read. */
export const cacheFolder = join(
  process.env.XDG_CACHE_HOME ?? (isRoot ? "/var/cache" : join(homedir(), ".cache")),
  "facekit",
);

const policy = "/usr/sbin/policy-rc.d";

/** Installs Debian packages without starting their services. Gives the reason where that fails. */
export async function aptInstall(...packages) {
  if (findProgram("apt-get") === undefined) return `install ${packages.join(" ")} by your system's means`;
  if (!isRoot) return `run as root: apt-get install ${packages.join(" ")}`;
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const apt = (...args) => execute("apt-get", ["-o", "DPkg::Lock::Timeout=60", ...args], { env, timeout: 120_000 });
  const ours = !existsSync(policy);
  if (ours) writeFileSync(policy, "#!/bin/sh\nexit 101\n", { mode: 0o755 });
  try {
    await apt("update");
    await apt("install", "-y", "--no-install-recommends", ...packages);
    return undefined;
  } catch (error) {
    return error.message;
  } finally {
    if (ours) rmSync(policy);
  }
}
