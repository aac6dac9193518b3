import { mapConcurrently } from "@facekit/core";
import type { Command } from "commander";
import { type GlobalOptions, noteBundledModels, openKit } from "../options.js";
import { photoFiles } from "../photos.js";
import { type Answer, exitStatus, type Shell } from "../shell.js";
import { termsText } from "../terms-text.js";
import { example, similarityText, table } from "../text.js";

export function addIdentify(program: Command, shell: Shell): void {
  program
    .command("identify")
    .description("who is in each photo? Where several faces are seen, the largest counts")
    .argument("<photo...>", "the photos")
    .addHelpText("after", example("facekit identify door.jpg"))
    .action(async (photos: string[], _options: object, command: Command) => {
      shell.answer(await identify(shell, photos, command.optsWithGlobals<GlobalOptions>()));
    });
}

async function identify(shell: Shell, names: readonly string[], options: GlobalOptions): Promise<Answer> {
  const files = photoFiles(shell, names);
  noteBundledModels(shell, options);
  await using kit = await openKit(shell, options, "read");
  const photos = await shell.progress((report) => {
    let done = 0;
    const tell = (): void => report({ task: "identifying", done, total: files.length });
    tell();
    return mapConcurrently(files, kit.index.concurrency ?? 1, async ({ name, path }) => {
      const { decision, candidates } = await kit.identify(path);
      done++;
      tell();
      return {
        photo: name,
        ...decision,
        memberId: decision.memberId ?? null,
        similarity: decision.similarity ?? null,
        margin: decision.margin ?? null,
        candidates: candidates.map(({ memberId, similarity }) => ({ memberId, similarity })),
      };
    });
  });
  const rows = photos.map(({ photo, memberId, similarity, margin, reason }) => [
    photo,
    memberId ?? "nobody",
    similarityText(similarity),
    similarityText(margin),
    reason ?? "",
  ]);
  // One line, unless members were enrolled in between.
  const terms = new Set(photos.map(termsText));
  return {
    status: photos.some(({ memberId }) => memberId !== null) ? exitStatus.yes : exitStatus.no,
    json: { photos },
    text: [table([["photo", "member", "similarity", "margin", ""], ...rows]), ...terms].join("\n"),
  };
}
