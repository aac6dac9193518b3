import {
  checkMember,
  type Difference,
  describeDifference,
  FaceKitError,
  isFaceKitError,
  type Member,
  type ReconcileFlowOptions,
} from "@facekit/core";
import { type Command, Option } from "commander";
import { readJsonText } from "../members-api.js";
import { type GlobalOptions, milliseconds, openKit } from "../options.js";
import { type Answer, exitStatus, type Shell } from "../shell.js";
import { count, example, table } from "../text.js";

interface ReconcileOptions extends GlobalOptions {
  readonly apply?: boolean;
  readonly members?: string;
  readonly grace?: number;
  readonly deleteMembersWithoutFaces?: boolean;
  readonly deleteFacesOfOtherModels?: boolean;
  readonly allowMassDeletion?: boolean;
}

/** As many differences are listed; all are counted. */
const mostListed = 1000;

export function addReconcile(program: Command, shell: Shell): void {
  program
    .command("reconcile")
    .description("where do faces and members not agree? Shows what would be done, and does it with --apply")
    .option("--apply", "repair it: faces without a member are deleted, or get the entry that --members gives")
    .option(
      "--members <file>",
      'JSON file of members to create again: [{"id": "ada", "name": "Ada"}, …]. An old one may name who was forgotten since',
    )
    .addOption(
      new Option("--grace <ms>", "leave alone what is younger: someone may be registering (default: 600000)").argParser(
        milliseconds,
      ),
    )
    .option("--delete-members-without-faces", "delete them, too, with their purchases")
    .option("--delete-faces-of-other-models", "delete them, too")
    .option("--allow-mass-deletion", "delete more than agrees, too; else that is taken for the wrong store or source")
    .addHelpText(
      "after",
      `\nExit status: 0 all agree or were repaired, 1 there is something left to repair, or a repair was refused.\n${example(
        "facekit reconcile",
        "facekit reconcile --apply --members members.json",
      )}`,
    )
    .action(async (_options: object, command: Command) => {
      shell.answer(await reconcile(shell, command.optsWithGlobals<ReconcileOptions>()));
    });
}

async function reconcile(shell: Shell, options: ReconcileOptions): Promise<Answer> {
  const {
    apply = false,
    members,
    grace,
    deleteMembersWithoutFaces,
    deleteFacesOfOtherModels,
    allowMassDeletion,
  } = options;
  const known = members === undefined ? undefined : await readKnown(shell, members);
  await using kit = await openKit(shell, options, "read");
  const listed: Difference[] = [];
  const counts = await shell.progress(async (report) => {
    // Each member with faces has an entry as a rule.
    let total = 0;
    if (shell.isWatched) for await (const _ of kit.enrolled()) total += 2;
    const flow: ReconcileFlowOptions = {
      apply,
      ...(grace === undefined ? {} : { graceMs: grace }),
      ...(known === undefined ? {} : { newMember: ({ memberId }) => known.get(memberId) }),
      ...(deleteMembersWithoutFaces === undefined ? {} : { deleteMembersWithoutFaces }),
      ...(deleteFacesOfOtherModels === undefined ? {} : { deleteFacesOfOtherModels }),
      ...(allowMassDeletion === undefined ? {} : { allowMassDeletion }),
      onProgress: ({ task, done }) => report({ task, done, total: Math.max(total, done) }),
    };
    const reconciliation = kit.reconcile(flow);
    for await (const difference of reconciliation) if (listed.length < mostListed) listed.push(difference);
    return reconciliation.counts;
  });
  const { planned, waiting, left, failed } = counts.outcomes;
  const all = Object.values(counts.outcomes).reduce((sum, number) => sum + number, 0);
  const lines = [
    ...(listed.length === 0 ? [] : [table([["difference", "whose", "repair", "outcome"], ...listed.map(rowOf)])]),
    ...(all > listed.length ? [`and ${all - listed.length} more`] : []),
    ...(listed.length === 0 ? [] : [""]),
    `compared ${count(counts.enrolled, "member")} with faces, ${count(counts.members, "entry", "entries")} and ${count(counts.photos, "photo")}`,
    all === 0 ? "all agree" : `${count(all, "difference")}: ${outcomesText(counts.outcomes)}`,
    ...(planned > 0 ? ["To repair what is planned: the same command with --apply"] : []),
    ...(waiting > 0
      ? ["What waits is new, and somebody may be registering: run it again later. --grace says what is new."]
      : []),
    ...listed.filter(({ outcome }) => outcome === "failed").map(describeDifference),
    ...(left > 0 ? ["What is left may be right as it is. facekit reconcile --help says how to have it deleted."] : []),
  ];
  return {
    status: planned + waiting + failed > 0 ? exitStatus.no : exitStatus.yes,
    json: { applied: apply, ...counts, listed: listed.map(jsonOf) },
    text: lines.join("\n"),
  };
}

function outcomesText(outcomes: Readonly<Record<string, number>>): string {
  return Object.entries(outcomes)
    .filter(([, number]) => number > 0)
    .map(([outcome, number]) => `${number} ${outcome}`)
    .join(", ");
}

function rowOf(difference: Difference): string[] {
  const { kind, repair, outcome } = difference;
  const whose = "stray" in difference ? (difference.stray.memberId ?? difference.stray.id) : difference.memberId;
  return [kind, whose, repair === "none" ? "–" : repair, outcome];
}

/** An error's own message is none of its enumerable properties. */
function jsonOf({ error, ...difference }: Difference): object {
  return error === undefined ? difference : { ...difference, error: { code: error.code, message: error.message } };
}

/** Members by id. Throws `invalid-argument` for a file that holds something else. */
async function readKnown(shell: Shell, file: string): Promise<Map<string, Omit<Member, "id" | "faceIds">>> {
  const entries: unknown = JSON.parse(await readJsonText(shell, file));
  if (!Array.isArray(entries)) {
    throw new FaceKitError("invalid-argument", `${shell.path(file)} wants a list: [{"id": "ada", "name": "Ada"}, …].`);
  }
  return new Map(
    entries.map((entry: unknown, i): [string, Omit<Member, "id" | "faceIds">] => {
      const { id, ...rest } = Object(entry);
      // Exports write null for what there is none of.
      const [name, email, phone, createdAt] = [rest.name, rest.email, rest.phone, rest.createdAt].map(
        (value) => value ?? undefined,
      );
      const known: Omit<Member, "id" | "faceIds"> = {
        ...(name === undefined ? {} : { name }),
        ...(email === undefined ? {} : { email }),
        ...(phone === undefined ? {} : { phone }),
        ...(createdAt === undefined ? {} : { createdAt: dateOf(createdAt) }),
      };
      try {
        checkMember({ ...known, id });
      } catch (cause) {
        const why = isFaceKitError(cause) ? cause.message : String(cause);
        throw new FaceKitError("invalid-argument", `${shell.path(file)}, entry ${i + 1}: ${why}`, { cause });
      }
      return [id, known];
    }),
  );
}

/** A date from text or milliseconds; anything else is none, which the check refuses. */
function dateOf(value: unknown): Date {
  return new Date(typeof value === "string" || typeof value === "number" ? value : Number.NaN);
}
