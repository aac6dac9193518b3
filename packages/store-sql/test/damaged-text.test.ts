import { spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { sqliteStore } from "../src/index.js";
import { collect, openStore, recordOf, space, temporaryFile, vectorOf } from "./support.js";

const fixtures = fileURLToPath(new URL("./fixtures/", import.meta.url));

/** Every kind of text that the store keeps. */
const texts = {
  space: space.id,
  namespace: "the gym",
  template: "template one",
  "member of a template": "member two",
  source: "front desk",
  "erased template": "erased one",
  member: "member one",
  name: "Ann Li",
  email: "anna@example.org",
  phone: "+49 30 1234",
  purchase: "purchase one",
  product: "a pair of shoes",
  total: "12.90",
  currency: "EUR",
  visit: "visit one",
  "time zone": "Asia/Kolkata",
  place: "door A",
  session: "monday class",
} as const;

async function filledFile(): Promise<string> {
  const file = temporaryFile();
  await using store = sqliteStore(file);
  const { faceRecords, members, visits } = store;
  const namespace = texts.namespace;
  await faceRecords.open(space);
  const template = { ...recordOf(texts.template, texts["member of a template"]), source: texts.source };
  await faceRecords.put(namespace, [template, recordOf(texts["erased template"], "member three", 2)]);
  await faceRecords.delete(namespace, { ids: [texts["erased template"]] });
  await members.put(namespace, { id: texts.member, name: texts.name, email: texts.email, phone: texts.phone });
  const { product, total, currency } = texts;
  await members.addPurchase(namespace, texts.member, { id: texts.purchase, product, quantity: 1, total, currency });
  const at = new Date(1_760_000_000_000);
  const { place, session } = texts;
  const visit = { key: texts.visit, memberId: texts.member, at, timeZone: texts["time zone"], place, session };
  await visits.append(namespace, [visit]);
  return file;
}

/** What another process reads of each file; shorter where it ended over one of them. */
function readByOther(files: readonly string[]): Promise<string[]> {
  const child = spawn(process.execPath, ["--import", "tsx", join(fixtures, "read-all.ts"), ...files], {
    cwd: fixtures,
    env: { ...process.env, TSX_TSCONFIG_PATH: join(fixtures, "tsconfig.json") },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  child.stdout.on("data", (text: Buffer) => {
    output += text.toString();
  });
  return new Promise((resolve) => child.once("close", () => resolve(output.split("\n").slice(0, -1))));
}

interface Flip {
  readonly kind: string;
  readonly bytes: Uint8Array;
  /** From the first of the bytes. */
  readonly at: number;
  readonly mask: number;
}

/** For each place where the bytes lie, a copy of the file with one bit flipped there. */
function damagedCopies(file: string, flips: readonly Flip[]): { readonly kind: string; readonly copy: string }[] {
  const sound = readFileSync(file);
  return flips.flatMap(({ kind, bytes, at, mask }) => {
    const copies: { kind: string; copy: string }[] = [];
    for (let found = sound.indexOf(bytes); found >= 0; found = sound.indexOf(bytes, found + 1)) {
      const damaged = Buffer.from(sound);
      damaged.writeUInt8(damaged.readUInt8(found + at) ^ mask, found + at);
      const copy = join(dirname(file), `${found + at}-${mask}.db`);
      writeFileSync(copy, damaged);
      copies.push({ kind, copy });
    }
    if (copies.length === 0) throw new Error(`The file holds no ${kind}.`);
    return copies;
  });
}

/** The outcomes of each kind, each once. */
async function outcomesOf(file: string, flips: readonly Flip[]): Promise<Record<string, string[]>> {
  const copies = damagedCopies(file, flips);
  const [truth, ...answers] = await readByOther([file, ...copies.map(({ copy }) => copy)]);
  const outcomes: Record<string, string[]> = {};
  for (const [i, { kind }] of copies.entries()) {
    const answer = answers[i] ?? "the process ended";
    const outcome = answer === truth ? "right" : answer.startsWith("{") ? "other" : answer;
    outcomes[kind] = [...new Set([...(outcomes[kind] ?? []), outcome])].sort();
  }
  return outcomes;
}

/** The second character becomes a byte that no UTF-8 has there. */
const spoiled = (kind: keyof typeof texts): Flip => ({ kind, bytes: Buffer.from(texts[kind]), at: 1, mask: 0x80 });

test("text that is no UTF-8 any more is refused wherever it is read", async () => {
  const refused = ["store-corrupt"];
  const kinds = {
    space: refused,
    template: refused,
    "member of a template": refused,
    source: refused,
    // One copy, in an index, is only compared.
    "erased template": ["right", "store-corrupt"],
    name: refused,
    email: refused,
    phone: refused,
    product: refused,
    total: refused,
    currency: refused,
    "time zone": refused,
    place: refused,
    session: refused,
  };
  const flips = objectKeys(kinds).map(spoiled);
  expect(await outcomesOf(await filledFile(), flips)).toEqual(kinds);
});

test("a key that is no UTF-8 any more does not end the process", async () => {
  const outcomes = await outcomesOf(
    await filledFile(),
    (["namespace", "member", "purchase", "visit"] as const).map(spoiled),
  );
  for (const outcome of Object.values(outcomes).flat()) expect(["right", "other", "store-corrupt"]).toContain(outcome);
});

test("text that is cut by a NUL is refused, bytes that are marked as text are read", async () => {
  const cut = { kind: "cut", bytes: Buffer.from(texts.email), at: texts.email.indexOf("@"), mask: 0x40 };
  // The last byte of a row's header tells the type of its last column.
  const marked = { kind: "marked", bytes: new Uint8Array(vectorOf(1).buffer), at: -1, mask: 1 };
  expect(await outcomesOf(await filledFile(), [cut, marked])).toEqual({ cut: ["store-corrupt"], marked: ["right"] });
});

test("a number in the place of text is refused", async () => {
  const { namespace, member, name, purchase, product, visit } = texts;
  // The types of a row's columns lie before its values, a byte each; six bytes may be text or an integer.
  const type = (kind: string, row: string, at: number, mask = 25 ^ 5): Flip => ({
    kind,
    bytes: Buffer.from(row),
    at,
    mask,
  });
  const flips = [
    type("space", texts.space, -2),
    type("name", `${namespace}${member}${name}`, -4),
    type("currency", `${namespace}${member}${purchase}${product}`, -2, 19 ^ 3),
    type("place", `${namespace}${visit}${member}`, -3),
  ];
  const refused = ["store-corrupt"];
  expect(await outcomesOf(await filledFile(), flips)).toEqual({
    space: refused,
    name: refused,
    currency: refused,
    place: refused,
  });
});

test("text of other characters comes back as it was written", async () => {
  const store = await openStore(temporaryFile());
  const member = {
    id: "\uFEFFčlen 🙂 \u{10FFFF}",
    name: "\uFEFFАнна",
    email: "アンナ@example.org",
    phone: "\u0001\u007f",
  };
  await store.members.put("зал", member);
  expect(await collect(store.members.list("зал"))).toEqual([member]);
  await store.faceRecords.put("зал", [recordOf("ид", member.id)]);
  expect(await collect(store.faceRecords.changes(0))).toMatchObject([{ record: recordOf("ид", member.id) }]);
});

function objectKeys<K extends string>(object: Record<K, unknown>): K[] {
  return Object.keys(object).filter((key): key is K => key in object);
}
