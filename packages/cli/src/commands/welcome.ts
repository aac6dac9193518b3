import type { CurrencyTotal, Identification, Member, Part, PurchaseSummary } from "@facekit/core";
import { type Command, Option } from "commander";
import { type GlobalOptions, milliseconds, noteBundledModels, openKit } from "../options.js";
import { photoFiles } from "../photos.js";
import { type Answer, exitStatus, type Shell } from "../shell.js";
import { termsText } from "../terms-text.js";
import { count, example, similarityText, table } from "../text.js";

interface WelcomeOptions extends GlobalOptions {
  readonly timeZone?: string;
  readonly deadline?: number;
}

/** Months that a person gets to see; --json has all. */
const monthsShown = 12;

export function addWelcome(program: Command, shell: Shell): void {
  program
    .command("welcome")
    .description("who is in the photo, what is known of the member, and what did the member buy?")
    .argument("<photo>", "the photo")
    .option("--time-zone <zone>", "IANA zone in which months begin (default: UTC)")
    .addOption(
      new Option("--deadline <ms>", "how long the members' source may take (default: 5000)").argParser(milliseconds),
    )
    .addHelpText("after", example("facekit welcome desk.jpg --members-api members.json"))
    .action(async (photo: string, _options: object, command: Command) => {
      shell.answer(await welcome(shell, photo, command.optsWithGlobals<WelcomeOptions>()));
    });
}

async function welcome(shell: Shell, name: string, options: WelcomeOptions): Promise<Answer> {
  const [file] = photoFiles(shell, [name]);
  noteBundledModels(shell, options);
  await using kit = await openKit(shell, options, "read");
  const { identification, member, purchases } = await kit.welcome(file?.path ?? name, {
    ...(options.timeZone === undefined ? {} : { timeZone: options.timeZone }),
    ...(options.deadline === undefined ? {} : { deadlineMs: options.deadline }),
  });
  if (identification.status === "failed") throw identification.error;
  const found = identification.status === "ok" ? identification.value : undefined;
  const failed = [member, purchases].some(({ status }) => status === "failed");
  return {
    status: found?.best === undefined ? exitStatus.no : failed ? exitStatus.failure : exitStatus.yes,
    json: {
      photo: name,
      memberId: found?.best?.memberId ?? null,
      similarity: found?.decision.similarity ?? null,
      ...found?.decision,
      member: partJson(member),
      purchases: partJson(purchases),
    },
    text: [...personText(found, member), ...purchasesText(purchases)].join("\n"),
  };
}

function partJson<T>(part: Part<T>): object {
  if (part.status !== "failed") return part;
  const { code, message } = part.error;
  return { ...part, error: { code, message } };
}

function personText(found: Identification | undefined, member: Part<Member>): string[] {
  if (found?.best === undefined) return [`nobody: ${found?.decision.reason ?? "not recognised"}`];
  const { memberId, similarity } = found.best;
  const lines = [`${memberId}: similarity ${similarityText(similarity)}, ${termsText(found.decision)}`];
  if (member.status === "failed") return [...lines, `member: ${member.error.message}`];
  if (member.status === "not-asked") return lines;
  const { name, email, phone, createdAt } = member.value;
  const known = [name, email, phone, createdAt && `member since ${day(createdAt)}`].filter(Boolean);
  return known.length === 0 ? lines : [...lines, known.join(", ")];
}

function purchasesText(part: Part<PurchaseSummary>): string[] {
  if (part.status === "not-asked") return [];
  const failure = part.status === "failed" ? [`purchases: ${part.error.message}`] : [];
  const summary = part.status === "failed" ? part.known : part.value;
  if (summary === undefined || summary.purchases === 0) {
    return part.status === "failed" ? failure : ["no purchases"];
  }
  const { products, purchasesOfOtherProducts, totals, months, undated, malformed } = summary;
  const rows = products.map(({ product, quantity, timesBought, timesReturned, lastBoughtAt }) => [
    product,
    String(quantity),
    count(timesBought, "time"),
    timesReturned === 0 ? "–" : count(timesReturned, "time"),
    lastBoughtAt === undefined ? "–" : day(lastBoughtAt),
  ]);
  const spent = [
    ...months.slice(-monthsShown).map((month) => [month.month, totalsText(month.totals)]),
    ...(undated.purchases === 0 ? [] : [["no date", totalsText(undated.totals)]]),
    ["all", totalsText(totals)],
  ];
  return [
    ...failure,
    "",
    table([["product", "quantity", "bought", "returned", "last bought"], ...rows]),
    ...(purchasesOfOtherProducts === 0 ? [] : [`and ${count(purchasesOfOtherProducts, "purchase")} of other products`]),
    "",
    table([["month", "spent"], ...spent]),
    ...(malformed.values === 0 ? [] : [`${count(malformed.values, "value")} could not be read and are in no sum`]),
  ];
}

function totalsText(totals: readonly CurrencyTotal[]): string {
  return totals.map(({ currency, total }) => `${total} ${currency}`).join(", ") || "–";
}

function day(date: Date): string {
  return date.toISOString().slice(0, 10);
}
