import { FaceKitError, isFaceKitError, mapConcurrently } from "@facekit/core";
import type { Command } from "commander";
import { type GlobalOptions, noteBundledModels, openKit } from "../options.js";
import { readMembers } from "../photos.js";
import { type Answer, exitStatus, type Shell } from "../shell.js";
import { count, example } from "../text.js";

export function addRegister(program: Command, shell: Shell): void {
  program
    .command("register")
    .description("enrol members from a folder for each, named by the member's id, with photos of that member alone")
    .argument("<dir>", "the folder that holds the members' folders")
    .addHelpText(
      "after",
      example("facekit register photos/      # photos/ada/1.jpg, photos/ada/2.jpg, photos/bo/1.jpg, …"),
    )
    .action(async (directory: string, _options: object, command: Command) => {
      shell.answer(await register(shell, directory, command.optsWithGlobals<GlobalOptions>()));
    });
}

interface Registered {
  readonly memberId: string;
  readonly templates: number;
}

interface Refusal {
  readonly memberId: string;
  readonly photo?: string;
  readonly code: string;
  readonly message: string;
}

/** A member with a refused photo is not enrolled; the others are. */
async function register(shell: Shell, directory: string, options: GlobalOptions): Promise<Answer> {
  const members = await readMembers(shell, directory);
  noteBundledModels(shell, options);
  await using kit = await openKit(shell, options, "create");
  const outcomes = await shell.progress((report) => {
    let done = 0;
    const tell = (): void => report({ task: "registering", done, total: members.size });
    tell();
    return mapConcurrently(
      [...members],
      kit.index.concurrency ?? 1,
      async ([memberId, photos]): Promise<Registered | Refusal> => {
        try {
          if (photos.length === 0)
            throw new FaceKitError("invalid-argument", `The folder of "${memberId}" has no photo.`);
          const { templateIds } = await kit.register(memberId, photos);
          return { memberId, templates: templateIds.length };
        } catch (error) {
          if (!isFaceKitError(error)) throw error;
          const { code, message, details } = error;
          const photo = typeof details.photo === "string" ? { photo: details.photo } : {};
          return { memberId, ...photo, code, message };
        } finally {
          done++;
          tell();
        }
      },
    );
  });
  const registered = outcomes.filter((outcome) => "templates" in outcome);
  const refused = outcomes.filter((outcome): outcome is Refusal => "code" in outcome);
  const lines = [
    ...registered.map(({ memberId, templates }) => `registered ${memberId} from ${count(templates, "photo")}`),
    ...refused.map(({ memberId, message }) => `refused ${memberId}: ${message}`),
    `${registered.length} of ${count(members.size, "member")} registered`,
  ];
  return {
    status: refused.length > 0 ? exitStatus.failure : exitStatus.yes,
    json: { registered, refused },
    text: lines.join("\n"),
  };
}
