import type { Attendance, AttendedFace } from "@facekit/core";
import type { Command } from "commander";
import { annotate, annotatedFiles, makeFolder } from "../annotate.js";
import { type GlobalOptions, noteBundledModels, openKit } from "../options.js";
import { type PhotoFile, photoFiles } from "../photos.js";
import { type Answer, exitStatus, type Shell } from "../shell.js";
import { termsText } from "../terms-text.js";
import { count, example, similarityText, table } from "../text.js";

interface AttendOptions extends GlobalOptions {
  readonly session: string;
  readonly place?: string;
  readonly crowd?: boolean;
  readonly annotate?: string;
}

export function addAttend(program: Command, shell: Shell): void {
  program
    .command("attend")
    .description("who of the members is in these group photos? Each is written down once a session")
    .argument("<photo...>", "the group photos")
    .requiredOption("--session <name>", "the lesson, shift or event")
    .option("--place <name>", "where it takes place")
    .option("--crowd", "look for very many small faces in large photos; takes longer")
    .option("--annotate <dir>", "folder for copies of the photos with faces boxed and named")
    .addHelpText("after", example("facekit attend class.jpg --session monday --annotate out/"))
    .action(async (photos: string[], _options: object, command: Command) => {
      shell.answer(await attend(shell, photos, command.optsWithGlobals<AttendOptions>()));
    });
}

async function attend(shell: Shell, names: readonly string[], options: AttendOptions): Promise<Answer> {
  const files = photoFiles(shell, names);
  noteBundledModels(shell, options);
  await using kit = await openKit(shell, options, "read");
  if (options.annotate !== undefined) await makeFolder(shell.path(options.annotate));
  const attendance = await shell.progress((report) => {
    const task = "looking for faces";
    report({ task, done: 0, total: files.length });
    return kit.takeAttendance(
      files.map(({ path }) => path),
      {
        session: options.session,
        ...(options.place === undefined ? {} : { place: options.place }),
        ...(options.crowd ? { scene: "crowd" as const } : {}),
        onProgress: (progress) => report({ task, ...progress }),
      },
    );
  });
  const annotated = options.annotate === undefined ? undefined : annotatedFiles(shell.path(options.annotate), files);
  for (const [i, photo] of attendance.photos.entries()) {
    const [file, target] = [files[i], annotated?.[i]];
    if (file !== undefined && target !== undefined) await annotate(file.path, photo.faces, target);
  }
  const { photos, present, strangers, ...terms } = attendance;
  return {
    status: present.length > 0 ? exitStatus.yes : exitStatus.no,
    json: {
      photos: files.map(({ name }, i) => ({ photo: name, faces: facesOf(attendance, i).map(faceJson) })),
      present,
      strangers,
      ...terms,
      ...(annotated === undefined ? {} : { annotated }),
    },
    text: attendanceText(files, attendance, annotated ?? []),
  };
}

function facesOf(attendance: Attendance, photo: number): readonly AttendedFace[] {
  return attendance.photos[photo]?.faces ?? [];
}

function faceJson({ face: { box }, memberId, similarity }: AttendedFace): object {
  return { memberId, box: [box.x, box.y, box.width, box.height], similarity: similarity ?? null };
}

function attendanceText(files: readonly PhotoFile[], attendance: Attendance, annotated: readonly string[]): string {
  const rows = files.flatMap(({ name }, i) =>
    facesOf(attendance, i).map(({ memberId, similarity }) => [
      name,
      memberId ?? "stranger",
      similarityText(similarity),
    ]),
  );
  const { present, strangers } = attendance;
  return [
    table([["photo", "member", "similarity"], ...rows]),
    ...annotated.map((file) => `wrote ${file}`),
    `present: ${present.length === 0 ? "nobody" : present.join(", ")}; ${count(strangers, "face")} of strangers`,
    termsText(attendance),
  ].join("\n");
}
