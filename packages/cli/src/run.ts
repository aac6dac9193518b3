import { type FaceKitErrorCode, isFaceKitError } from "@facekit/core";
import { Command, CommanderError } from "commander";
import packageJson from "../package.json" with { type: "json" };
import { addAttend } from "./commands/attend.js";
import { addDemo } from "./commands/demo.js";
import { addEvaluate } from "./commands/evaluate.js";
import { addForget } from "./commands/forget.js";
import { addIdentify } from "./commands/identify.js";
import { addMembers } from "./commands/members.js";
import { addModels } from "./commands/models.js";
import { addReconcile } from "./commands/reconcile.js";
import { addRegister } from "./commands/register.js";
import { addVerify } from "./commands/verify.js";
import { addWelcome } from "./commands/welcome.js";
import { addGlobalOptions } from "./options.js";
import { exitStatus, Shell, type Streams } from "./shell.js";
import { example } from "./text.js";

/** Runs one command line, without the program's name before it, and tells the exit status. Never throws. */
export async function run(argv: readonly string[], streams: Streams): Promise<number> {
  const shell = new Shell(streams, asksForJson(argv));
  let help = "";
  try {
    await facekit(shell, (text) => {
      help += text;
    }).parseAsync(argv, { from: "user" });
  } catch (error) {
    explain(shell, error);
  }
  // Commander writes help in pieces; it is one answer.
  if (help !== "") shell.answer({ json: { text: help.trimEnd() }, text: help.trimEnd() });
  return shell.status;
}

/** Known before parsing, because a command line that cannot be parsed is answered in JSON too. */
function asksForJson(argv: readonly string[]): boolean {
  const end = argv.indexOf("--");
  return argv.slice(0, end < 0 ? argv.length : end).includes("--json");
}

function facekit(shell: Shell, writeOut: (text: string) => void): Command {
  const program = new Command("facekit")
    .description("Know your members by their faces: register, identify, verify, take attendance.")
    .version(packageJson.version)
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut,
      // Errors are told once, by explain(); what is left is the help of a command line without a command.
      writeErr: (text) => shell.note(text.trimEnd()),
      outputError: () => {},
    })
    .exitOverride()
    .addHelpText(
      "after",
      `\nExit status: 0 yes, 1 nobody recognised, 2 bad use, 3 failure.\n${example(
        "facekit demo",
        "facekit register photos/",
        "facekit identify door.jpg",
        "facekit attend class.jpg --session monday",
      )}`,
    );
  addGlobalOptions(program);
  addDemo(program, shell);
  addRegister(program, shell);
  addIdentify(program, shell);
  addVerify(program, shell);
  addWelcome(program, shell);
  addAttend(program, shell);
  addMembers(program, shell);
  addForget(program, shell);
  addReconcile(program, shell);
  addModels(program, shell);
  addEvaluate(program, shell);
  return program;
}

/** Commander puts no full stop, and its guess at what was meant in brackets on a line of its own. */
function sentences(message: string): string {
  const text = message.replace(/\n\((.*)\)$/, ". $1");
  return /[.?]$/.test(text) ? text : `${text}.`;
}

const badUse: ReadonlySet<FaceKitErrorCode> = new Set(["invalid-argument", "rate-not-supported", "image-not-found"]);

function explain(shell: Shell, error: unknown): void {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return;
    const message = error.code === "commander.help" ? "A command is missing" : error.message.replace(/^error: /, "");
    shell.fail(exitStatus.badUse, "invalid-argument", `${sentences(message)} More: facekit --help`);
  } else if (isFaceKitError(error)) {
    const status = badUse.has(error.code) ? exitStatus.badUse : exitStatus.failure;
    shell.fail(status, error.code, error.message);
  } else {
    shell.fail(exitStatus.failure, "unexpected", error instanceof Error ? error.message : String(error));
  }
}
