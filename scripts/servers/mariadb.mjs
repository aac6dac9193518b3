import { join } from "node:path";
import { aptInstall, execute, findProgram } from "./execute.mjs";

const folders = ["/usr/sbin", "/usr/local/sbin", "/opt/homebrew/bin"];

/** MariaDB with the character set and collation of Debian's own configuration. */
export const mariadb = {
  title: "MariaDB",
  variable: "MARIADB_URL",
  stopSignal: "SIGTERM",
  // These packages have no service.
  install: () => aptInstall("mariadb-server-core", "mariadb-client-core"),

  async find() {
    const file = findProgram("mariadbd", folders);
    const setup = findProgram("mariadb-install-db", folders);
    if (file === undefined || setup === undefined || findProgram("my_print_defaults") === undefined) return undefined;
    const version =
      /\d+\.\d+\.\d+/.exec(await execute(file, ["--no-defaults", "--version"]))?.[0] ?? "of unknown version";
    return { file, setup, version };
  },

  prepare: ({ setup }, folder) => [
    {
      file: setup,
      args: [
        "--no-defaults",
        `--datadir=${join(folder, "data")}`,
        "--auth-root-authentication-method=normal",
        "--skip-test-db",
      ],
    },
  ],

  command: ({ file }, folder, port) => ({
    file,
    args: [
      "--no-defaults",
      `--datadir=${join(folder, "data")}`,
      "--bind-address=127.0.0.1",
      `--port=${port}`,
      `--socket=${join(folder, "socket")}`,
      "--character-set-server=utf8mb4",
      "--collation-server=utf8mb4_general_ci",
    ],
  }),

  // The server speaks first: the length of its packet, its number, and protocol 10.
  greeting: { expect: (bytes) => bytes[3] === 0 && bytes[4] === 10 },
  url: (port) => `mysql://root@127.0.0.1:${port}/`,
};
