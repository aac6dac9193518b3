import { type Command, Option } from "commander";
import { type EvaluateDetectOptions, evaluateDetect } from "../evaluate/detect.js";
import { type EvaluateIdentifyOptions, evaluateIdentify } from "../evaluate/identify.js";
import { type EvaluatePairsOptions, evaluatePairsFile } from "../evaluate/pairs.js";
import type { Shell } from "../shell.js";

export function addEvaluate(program: Command, shell: Shell): void {
  const evaluate = program
    .command("evaluate")
    .description("measure the models on photos of yours; terms and formulas are those of ISO/IEC 19795-1");
  evaluate
    .command("pairs")
    .description("1:1: accuracy, false matches and false non-matches over listed pairs of photos")
    .argument("<pairs>", "LFW's pairs.txt, or CSV with the head file_a,file_b,same")
    .option("--photos <dir>", "folder that the photos are named from (default: that of the pairs)")
    .option("--all-impostors", "take the rates from all pairs of all photos there, in a folder for each person")
    .addOption(faceOption("the middle one for LFW's, else the largest"))
    .option(...reportOption)
    .option(...embedOption)
    .action(async (file: string, _options: object, command: Command) => {
      shell.answer(await evaluatePairsFile(shell, file, command.optsWithGlobals<EvaluatePairsOptions>()));
    });
  evaluate
    .command("identify")
    .description("1:N with strangers: how often is a member not named, and a stranger named?")
    .requiredOption("--gallery <dir>", "a folder for each member, with the photos to enrol")
    .requiredOption("--probes <dir>", "a folder for each person; who is not in the gallery is a stranger")
    .addOption(faceOption("the largest"))
    .option(...reportOption)
    .option(...embedOption)
    .action(async (_options: object, command: Command) => {
      shell.answer(await evaluateIdentify(shell, command.optsWithGlobals<EvaluateIdentifyOptions>()));
    });
  evaluate
    .command("detect")
    .description("how many annotated faces are found, missed, and how many boxes hold none?")
    .requiredOption("--annotations <file>", 'JSON: { "images": { "photo.jpg": [[x, y], …] } }, the nose tips')
    .option("--photos <dir>", "folder that the photos are named from (default: that of the annotations)")
    .option(...reportOption)
    .option(...embedOption)
    .action(async (_options: object, command: Command) => {
      shell.answer(await evaluateDetect(shell, command.optsWithGlobals<EvaluateDetectOptions>()));
    });
}

const reportOption = ["--report <file>", "also write an HTML page with plots and the worst cases"] as const;
const embedOption = ["--embed-photos", "put small copies of the worst cases' photos into the report"] as const;

function faceOption(otherwise: string): Option {
  const what = `which face of a photo counts (default: ${otherwise})`;
  return new Option("--face <which>", what).choices(["largest", "central"]);
}
