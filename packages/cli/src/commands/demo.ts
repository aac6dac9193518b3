import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { FaceKitError, thresholdOptionsOf } from "@facekit/core";
import type { Command } from "commander";
import { annotate, annotatedFiles } from "../annotate.js";
import { drawnPeople, drawnThreshold } from "../demo/drawn-people.js";
import type { Material } from "../demo/material.js";
import { ownPhotos } from "../demo/own-photos.js";
import { type DemoResult, perform, type Score } from "../demo/perform.js";
import { type GlobalOptions, noteBundledModels, openKit } from "../options.js";
import type { Answer, Shell } from "../shell.js";
import { example, similarityText, table } from "../text.js";

const folder = "facekit-demo";

export function addDemo(program: Command, shell: Shell): void {
  program
    .command("demo")
    .description(`see everything work on drawn people, or on your own photos; all is kept in ./${folder}`)
    .argument("[dir]", "a folder of each member, named by the member's id; group photos beside these folders")
    .addHelpText("after", example("facekit demo", "facekit demo my-photos/"))
    .action(async (directory: string | undefined, _options: object, command: Command) => {
      shell.answer(await demo(shell, directory, command.optsWithGlobals<GlobalOptions>()));
    });
}

async function demo(shell: Shell, directory: string | undefined, options: GlobalOptions): Promise<Answer> {
  if (options.store !== undefined) {
    throw new FaceKitError("invalid-argument", `The demo keeps its own store in ./${folder}; leave --store out.`);
  }
  const home = shell.path(folder);
  const asked = Object.keys(thresholdOptionsOf(options)).length > 0;
  const threshold = directory === undefined && !asked ? drawnThreshold(options.models) : undefined;
  const own = directory === undefined ? undefined : await ownPhotos(shell, directory);
  noteBundledModels(shell, options);
  for (const old of ["facekit.db", "facekit.db-wal", "facekit.db-shm", "attendance"]) {
    await rm(join(home, old), { recursive: true, force: true });
  }
  await mkdir(home, { recursive: true });

  const { material, result } = await shell.progress(async (report) => {
    const material = own ?? (await drawnPeople(home, report));
    const kitOptions = { ...options, store: join(home, "facekit.db") };
    const open = () => openKit(shell, kitOptions, "create");
    const result = await perform(material, { open, threshold: threshold === undefined ? {} : { threshold }, report });
    return { material, result };
  });
  const annotated = await annotateGroups(join(home, "attendance"), material, result);
  const note = noteOn(directory !== undefined, threshold);
  const { photos, refused, ...scores } = result;
  return {
    json: { ...scores, refused, note, annotated },
    text: [demoText(result), ...annotated.map((file) => `wrote ${file}`), "", note, lastLine(result)].join("\n"),
  };
}

async function annotateGroups(directory: string, { groups }: Material, { photos }: DemoResult): Promise<string[]> {
  const targets = annotatedFiles(directory, groups);
  for (const [i, { path }] of groups.entries()) {
    const [photo, target] = [photos[i], targets[i]];
    if (photo !== undefined && target !== undefined) await annotate(path, photo.faces, target);
  }
  return targets;
}

function noteOn(photographs: boolean, threshold: number | undefined): string {
  if (photographs) {
    return (
      "One photo of each member was left out of registration, and used to verify and identify.\n" +
      "There being no strangers, each member claimed to be the next one.\n" +
      "Attendance counts the faces named, as nobody said who is in the group photos."
    );
  }
  const used =
    threshold === undefined
      ? "No threshold was calibrated on drawn people for these options, so that of the options or the models was used."
      : `So the threshold is the one calibrated on drawn people, ${threshold}, and not the models' own for photos.`;
  return (
    "Drawn people look like relatives to nets that were trained on photos.\n" +
    `${used}\nThis demo shows that the machinery works; how well faces are recognised shows on photos alone: facekit demo DIR`
  );
}

function demoText(result: DemoResult): string {
  const { members, refused, strangersRefused, highestStrangerSimilarity } = result;
  const rows = members.map(({ memberId, templates, verified, identified, lowestSimilarity }) => [
    memberId,
    String(templates),
    fraction(verified),
    fraction(identified),
    similarityText(lowestSimilarity),
  ]);
  return [
    table([["member", "registered photos", "verified", "identified", "lowest similarity"], ...rows]),
    ...refused.map(({ memberId, message }) => `refused ${memberId}: ${message}`),
    "",
    `strangers refused: ${fraction(strangersRefused)}, highest similarity ${similarityText(highestStrangerSimilarity)}, ` +
      `threshold ${similarityText(result.threshold.value)}`,
  ].join("\n");
}

function lastLine({ verified, identified, strangersRefused, attendance, msPerPhoto }: DemoResult): string {
  return (
    `demo: verified ${fraction(verified)}, identified ${fraction(identified)}, ` +
    `strangers refused ${fraction(strangersRefused)}, attendance ${fraction(attendance)}, ` +
    `${Math.round(msPerPhoto)} ms per photo`
  );
}

function fraction({ right, of }: Score): string {
  return `${right}/${of}`;
}
