import type { Command } from "commander";
import { type GlobalOptions, openKit } from "../options.js";
import { type Answer, exitStatus, type Shell } from "../shell.js";
import { count, example } from "../text.js";

export function addForget(program: Command, shell: Shell): void {
  program
    .command("forget")
    .description("erase a member: templates, visits and member entry")
    .argument("<member>", "the member's id")
    .addHelpText("after", example("facekit forget ada"))
    .action(async (memberId: string, _options: object, command: Command) => {
      shell.answer(await forget(shell, memberId, command.optsWithGlobals<GlobalOptions>()));
    });
}

async function forget(shell: Shell, memberId: string, options: GlobalOptions): Promise<Answer> {
  await using kit = await openKit(shell, options, "read");
  const templates = await kit.forget(memberId);
  return {
    status: templates > 0 ? exitStatus.yes : exitStatus.no,
    json: { memberId, templates },
    text:
      templates > 0
        ? `forgot ${memberId}: ${count(templates, "template")} erased`
        : `nobody is enrolled as ${memberId}`,
  };
}
