import type { Command } from "commander";
import { type GlobalOptions, openKit } from "../options.js";
import type { Answer, Shell } from "../shell.js";
import { example, table } from "../text.js";

export function addMembers(program: Command, shell: Shell): void {
  program
    .command("members")
    .description("who is enrolled")
    .addHelpText("after", example("facekit members --store members.db"))
    .action(async (_options: object, command: Command) => {
      shell.answer(await members(shell, command.optsWithGlobals<GlobalOptions>()));
    });
}

async function members(shell: Shell, options: GlobalOptions): Promise<Answer> {
  await using kit = await openKit(shell, options, "read");
  const enrolled = [];
  for await (const { memberId, templates, enrolledAt } of kit.enrolled()) {
    enrolled.push({ memberId, templates, enrolledAt: enrolledAt.toISOString() });
  }
  const rows = enrolled.map(({ memberId, templates, enrolledAt }) => [memberId, String(templates), enrolledAt]);
  return {
    json: { members: enrolled },
    text: rows.length === 0 ? "Nobody is enrolled." : table([["member", "templates", "enrolled"], ...rows]),
  };
}
