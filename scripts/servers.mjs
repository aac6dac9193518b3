/**
 * Runs a command beside database servers of its own, for the tests and benchmarks that need some:
 *
 *   node scripts/servers.mjs [--install] [postgres mariadb ferretdb] -- npm test
 *
 * Each server that this machine has, of those named or of all, listens on a free port of 127.0.0.1 over a folder that
 * is thrown away, and POSTGRES_URL, MARIADB_URL and MONGODB_URI lead the command to it. A variable that is set already
 * is left as it is. Servers are stopped by their process ids when the command ends, whose status is this one's.
 *
 * --install brings the servers that are absent first: PostgreSQL with pgvector by pip, or else by apt-get; MariaDB by
 * apt-get, as root; FerretDB by Go. What is not Debian's lies in a folder outside the checkout. What cannot be brought is skipped, and so are the tests that need it.
 */
import { spawn } from "node:child_process";
import { constants } from "node:os";
import { ferretdb } from "./servers/ferretdb.mjs";
import { mariadb } from "./servers/mariadb.mjs";
import { postgres } from "./servers/postgres.mjs";
import { startServer } from "./servers/start.mjs";

const known = { postgres, mariadb, ferretdb };

const separator = process.argv.indexOf("--");
const [options, command] = [process.argv.slice(2, separator), process.argv.slice(separator + 1)];
const install = options.includes("--install");
const named = options.filter((option) => option !== "--install");
const unknown = named.find((name) => !(name in known));
if (separator === -1 || command.length === 0 || unknown !== undefined) {
  if (unknown !== undefined) console.error(`There is no server "${unknown}".`);
  console.error(`node scripts/servers.mjs [--install] [${Object.keys(known).join(" ")}] -- command…`);
  process.exit(2);
}

const running = [];
let child;
let interrupted;
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
  process.on(signal, () => {
    interrupted ??= signal;
    child?.kill(signal);
  });
}

try {
  const env = {};
  const versions = {};
  const names = named.length > 0 ? named : Object.keys(known);
  for (const name of names) {
    const server = known[name];
    if (process.env[server.variable]) {
      console.log(`${server.title}: that of ${server.variable}`);
      continue;
    }
    const bring = `node scripts/servers.mjs --install ${name} -- npm test`;
    let found = await look(server);
    if (install && interrupted === undefined && (found === undefined || found.without !== undefined)) {
      console.log(`${server.title}: installing …`);
      const failure = await server.install();
      if (failure !== undefined) console.log(`${server.title}: could not be installed: ${failure}`);
      found = await look(server);
    }
    if (found === undefined) console.log(`${server.title}: skipped; it is not here. ${bring}`);
    else if (found.without !== undefined) console.log(`${server.title}: it has no ${found.without}. ${bring}`);
    if (found === undefined || interrupted !== undefined) continue;
    const version = [server.title, found.version, ...(found.with ? [`with ${found.with}`] : [])].join(" ");
    try {
      const started = await startServer(server, found);
      running.push(started);
      env[server.variable] = started.url;
      versions[name] = version;
      console.log(`${version} on port ${started.port}`);
    } catch (error) {
      console.log(`${version}: skipped; it did not start: ${error.message}`);
    }
  }
  process.exitCode =
    interrupted === undefined
      ? await run({ ...env, FACEKIT_SERVERS: JSON.stringify(versions) })
      : 128 + constants.signals[interrupted];
} finally {
  await Promise.all(running.map((server) => server.stop()));
}

/** Where the server is and which, or undefined. One that cannot tell is as good as none. */
async function look(server) {
  try {
    return await server.find();
  } catch (error) {
    console.log(`${server.title}: ${error.message}`);
    return undefined;
  }
}

function run(env) {
  const [file, ...args] = command;
  child = spawn(file, args, {
    env: { ...process.env, ...env },
    stdio: "inherit",
    shell: process.platform === "win32",
  });
  return new Promise((resolve) => {
    child.once("error", (error) => {
      console.error(error.message);
      resolve(127);
    });
    child.once("exit", (status, signal) => resolve(status ?? 128 + constants.signals[signal]));
  });
}
