import { spawn } from "node:child_process";
import { chownSync, closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { execute, unprivileged } from "./execute.mjs";

const patienceMs = 60_000;

/** Starts a server over a new folder and waits until it answers. */
export async function startServer(server, found) {
  const folder = mkdtempSync(join(tmpdir(), "facekit-server-"));
  const { uid, gid } = unprivileged;
  if (uid !== undefined) chownSync(folder, uid, gid);
  const log = join(folder, "log");
  let child;
  const stop = async () => {
    if (child !== undefined) await stopped(child, server.stopSignal);
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const port = await freePort();
    for (const step of server.prepare(found, folder)) await execute(step.file, step.args, { uid, gid, cwd: folder });
    const { file, args } = dyingWithUs(server.command(found, folder, port), server.stopSignal);
    const output = openSync(log, "a");
    // In a group of its own: an interrupt from the keyboard is for the command, and the server ends after that.
    child = spawn(file, args, { uid, gid, cwd: folder, detached: true, stdio: ["ignore", output, output] });
    closeSync(output);
    let failure;
    child.once("error", (error) => {
      failure = error.message;
    });
    child.once("exit", (status, signal) => {
      failure ??= `it ended with ${status ?? signal}`;
    });
    const deadline = Date.now() + patienceMs;
    while (!(await answers(port, server.greeting))) {
      if (failure === undefined && Date.now() > deadline) failure = `no answer in ${patienceMs / 1000} s`;
      if (failure !== undefined) throw new Error(`${failure}. ${readFileSync(log, "utf8").trim().slice(-1000)}`);
      await sleep(50);
    }
    return { port, url: server.url(port), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Where Linux can, the server is told to end also when this process is killed and can stop nobody. */
function dyingWithUs({ file, args }, signal) {
  const setpriv = "/usr/bin/setpriv";
  if (!existsSync(setpriv)) return { file, args };
  return { file: setpriv, args: ["--pdeathsig", signal.replace("SIG", ""), "--", file, ...args] };
}

async function stopped(child, signal) {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill(signal);
  const killing = setTimeout(() => child.kill("SIGKILL"), 15_000);
  await ended;
  clearTimeout(killing);
}

/** Whether a connection gets an answer: to `say`, or unasked, that begins with `expect`; to connect is enough without. */
function answers(port, { say, expect } = {}) {
  return new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port }, () => {
      if (say !== undefined) socket.write(say);
      else if (expect === undefined) done(true);
    });
    const done = (answered) => {
      socket.destroy();
      resolve(answered);
    };
    socket.setTimeout(2000, () => done(false));
    socket.once("error", () => done(false));
    socket.once("end", () => done(false));
    socket.once("data", (bytes) => done(expect(bytes)));
  });
}

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer().once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}
