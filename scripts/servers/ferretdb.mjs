import { copyFile, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cacheFolder, execute, findProgram } from "./execute.mjs";

const program = "github.com/FerretDB/FerretDB";
const version = "v1.24.2";
const bin = join(cacheFolder, "bin");

/** FerretDB 1, a database that speaks MongoDB's protocol, on its SQLite backend. */
export const ferretdb = {
  title: "FerretDB",
  variable: "MONGODB_URI",
  stopSignal: "SIGTERM",

  async install() {
    const go = findProgram("go", ["/usr/local/go/bin"]);
    if (go === undefined) return "building it takes Go: https://go.dev/dl";
    const folder = await mkdtemp(join(tmpdir(), "facekit-ferretdb-"));
    const run = (cwd, ...args) =>
      execute(go, args, {
        cwd,
        timeout: 480_000,
        env: {
          ...process.env,
          GOFLAGS: "-mod=mod -modcacherw",
          GOPATH: join(folder, "go"),
          GOCACHE: join(folder, "cache"),
        },
      });
    try {
      // Not `go install`: that wants the list of all versions, which not every proxy gives, and what it builds does not
      // start, for want of a file that says which version it is.
      const { Dir } = JSON.parse(await run(folder, "mod", "download", "-json", `${program}@${version}`));
      await writeFile(join(Dir, "build/version/version.txt"), `${version}\n`);
      const built = join(folder, "ferretdb");
      await run(Dir, "build", "-buildvcs=false", "-o", built, "./cmd/ferretdb");
      await mkdir(bin, { recursive: true });
      await copyFile(built, join(bin, "ferretdb"));
      return undefined;
    } catch (error) {
      return error.message;
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },

  async find() {
    const file = findProgram("ferretdb", [bin]);
    if (file === undefined) return undefined;
    const version = /v(\d+\.\d+\.\d+)/.exec(await execute(file, ["--version"]))?.[1] ?? "of unknown version";
    return { file, version };
  },

  prepare: () => [],

  command: ({ file }, folder, port) => ({
    file,
    args: [
      "--handler=sqlite",
      `--sqlite-url=file:${folder}/`,
      `--state-dir=${folder}`,
      `--listen-addr=127.0.0.1:${port}`,
      "--debug-addr=-",
      "--telemetry=disable",
      "--log-level=error",
    ],
  }),

  url: (port) => `mongodb://127.0.0.1:${port}/`,
};
