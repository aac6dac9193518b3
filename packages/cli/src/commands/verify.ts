import { FaceKitError } from "@facekit/core";
import type { Command } from "commander";
import { type GlobalOptions, noteBundledModels, openKit } from "../options.js";
import { isFile, isPhotoName, photoFiles } from "../photos.js";
import { type Answer, exitStatus, type Shell } from "../shell.js";
import { termsText } from "../terms-text.js";
import { example, similarityText } from "../text.js";

export function addVerify(program: Command, shell: Shell): void {
  program
    .command("verify")
    .description("is it one person in two photos, or is the person in a photo that member?")
    .argument("<a>", "a photo, or the id of a member")
    .argument("<b>", "a photo")
    .addHelpText("after", example("facekit verify ada badge.jpg", "facekit verify one.jpg other.jpg"))
    .action(async (a: string, b: string, _options: object, command: Command) => {
      shell.answer(await verify(shell, a, b, command.optsWithGlobals<GlobalOptions>()));
    });
}

async function verify(shell: Shell, a: string, b: string, options: GlobalOptions): Promise<Answer> {
  if (options.falsePositiveRate !== undefined) {
    throw new FaceKitError(
      "invalid-argument",
      "--false-positive-rate is of searches (identify, attend); verify makes one comparison: give --false-match-rate.",
    );
  }
  // What is named like a photo is meant as one, so that a misspelt file is not taken for a member.
  const photoA = isFile(shell.path(a)) || isPhotoName(a) ? a : undefined;
  const [fileB, fileA] = photoFiles(shell, photoA === undefined ? [b] : [b, photoA]);
  noteBundledModels(shell, options);
  await using kit = await openKit(shell, options, fileA === undefined ? "read" : "none");
  const path = fileB?.path ?? b;
  const answer = fileA === undefined ? await kit.verify(a, path) : await kit.compare(fileA.path, path);
  const { matched, similarity } = answer;
  return {
    status: matched ? exitStatus.yes : exitStatus.no,
    // The decision, without where the faces are.
    json: { ...answer, face: undefined, faces: undefined },
    text: `${matched ? "match" : "no match"}: similarity ${similarityText(similarity)}, ${termsText(answer)}`,
  };
}
