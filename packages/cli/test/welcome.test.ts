import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { startMembersApi } from "@facekit/conformance/members-api";
import type { Purchase } from "@facekit/core";
import { cast, conditionsFromSeed, drawnDomainThresholds, drawPortrait } from "@facekit/drawn-people";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { emptyFolder, facekit } from "./facekit.js";

const threshold = ["--threshold", String(drawnDomainThresholds["dlib-resnet-128/landmarks-68/2"]?.threshold)];
const overApi = ["--members-api", "members.json"];
let cwd: string;
let api: Awaited<ReturnType<typeof startMembersApi>>;

async function portrait(file: string, name: string, picture: number): Promise<void> {
  const someone = [...cast.members, ...cast.strangers].find((each) => each.name === name);
  if (someone === undefined) throw new Error(`There is no ${name} in the cast.`);
  await mkdir(dirname(join(cwd, file)), { recursive: true });
  await writeFile(join(cwd, file), await drawPortrait(someone.person, conditionsFromSeed(picture)));
}

function sale(id: string, product: string, quantity: number, total: string, at: string): Purchase {
  return { id, product, quantity, total, currency: "EUR", at: new Date(at) };
}

beforeAll(async () => {
  cwd = await emptyFolder();
  // As examples/members-api has it.
  api = await startMembersApi({
    members: [
      { id: "ada", name: "Ada Okafor", email: "ada@example.org", createdAt: new Date("2025-03-01T09:30:00Z") },
      { id: "ben", name: "Ben Sato" },
      { id: "cleo", name: "Cleo Ruiz" },
    ],
    purchases: {
      ada: [
        sale("r1/1", "espresso", 2, "5.00", "2025-03-01T09:31:00Z"),
        sale("r2/1", "espresso", 1, "2.50", "2025-04-02T08:10:00Z"),
        sale("r2/2", "croissant", 1, "2.20", "2025-04-02T08:10:00Z"),
        sale("r3/1", "croissant", -1, "-2.20", "2025-04-03T08:00:00Z"),
      ],
    },
  });
  vi.stubEnv("MEMBERS_API_USER", "desk");
  vi.stubEnv("MEMBERS_API_PASSWORD", "open sesame");
  const sample = new URL("../../../examples/members-api/members.json", import.meta.url);
  const configuration = { ...JSON.parse(await readFile(sample, "utf8")), baseUrl: `${api.url}/v1` };
  await writeFile(join(cwd, "members.json"), JSON.stringify(configuration));
  for (const picture of [1, 2]) await portrait(`members/ada/${picture}.jpg`, "ada", picture);
  await portrait("members/cleo/1.jpg", "cleo", 3);
  await portrait("ada.jpg", "ada", 9);
  await portrait("stranger.jpg", "mo", 9);
  expect((await facekit(cwd, "register", "members", ...overApi)).stderr).not.toContain("error");
});

afterAll(async () => {
  vi.unstubAllEnvs();
  await api.close();
});

describe("welcome", () => {
  test("prints the member and the purchases as examples/loyalty-desk shows them", async () => {
    const { status, stdout } = await facekit(cwd, "welcome", "ada.jpg", ...overApi, ...threshold);
    const readme = await readFile(new URL("../../../examples/loyalty-desk/README.md", import.meta.url), "utf8");
    const shown = /```text\n(.*?)```/s.exec(readme)?.[1] ?? "";
    const lines = (text: string): string[] => text.trim().split("\n");
    expect(status).toBe(0);
    // The last digits of a similarity may differ from processor to processor.
    expect(lines(stdout)[0]).toMatch(/^ada: similarity 0\.9\d+, threshold 0\.96796, /);
    expect(lines(shown)[0]).toMatch(/^ada: similarity 0\.9\d+, threshold 0\.96796, /);
    expect(lines(stdout).slice(1)).toEqual(lines(shown).slice(1));
  });

  test("answers programs, a stranger, and a service that is down", async () => {
    const ran = await facekit(cwd, "welcome", "ada.jpg", ...overApi, ...threshold, "--json");
    expect(ran.json()).toMatchObject({
      memberId: "ada",
      matched: true,
      member: { status: "ok", value: { name: "Ada Okafor" } },
      purchases: { status: "ok", value: { purchases: 4, returns: 1, totals: [{ currency: "EUR", total: "7.50" }] } },
    });
    const stranger = await facekit(cwd, "welcome", "stranger.jpg", ...overApi, ...threshold, "--json");
    expect([stranger.status, stranger.json()]).toMatchObject([
      1,
      { memberId: null, member: { status: "not-asked", why: "nobody-recognised" } },
    ]);
    api.inflict({ html: 1 });
    const down = await facekit(cwd, "welcome", "ada.jpg", ...overApi, ...threshold, "--deadline", "500", "--json");
    api.inflict({ html: 0 });
    expect([down.status, down.json()]).toMatchObject([
      3,
      { memberId: "ada", member: { status: "failed", error: { code: "service-unavailable" } } },
    ]);
  });

  test("without an API the members of the store are meant", async () => {
    const ran = await facekit(cwd, "welcome", "ada.jpg", ...threshold, "--json");
    expect(ran.json()).toMatchObject({
      memberId: "ada",
      member: { status: "failed", error: { code: "unknown-member" } },
    });
  });
});

describe("reconcile", () => {
  test("tells a customer without a face as examples/loyalty-desk shows it, and leaves it", async () => {
    const ran = await facekit(cwd, "reconcile", ...overApi, "--grace", "0");
    const readme = await readFile(new URL("../../../examples/loyalty-desk/README.md", import.meta.url), "utf8");
    const [, shown] = [...readme.matchAll(/```text\n(.*?)```/gs)];
    expect(ran.stdout).toBe(shown?.[1]);
    expect(ran.status).toBe(0);
  });

  test("shows a plan, and with --apply repairs it", async () => {
    const plan = await facekit(cwd, "reconcile", "--grace", "0");
    expect(plan.status).toBe(1);
    expect(plan.stdout).toMatch(/orphaned-faces +ada +delete-faces +planned/);
    expect(plan.stdout).toContain("2 differences: 2 planned");
    // With other options, or without, another source might be meant.
    expect(plan.stdout).toContain("the same command with --apply");
    expect(plan.stdout).not.toContain("facekit reconcile --apply");
    await writeFile(
      join(cwd, "known.json"),
      JSON.stringify([{ id: "ada", name: "Ada", email: null, createdAt: null }]),
    );
    const apply = ["reconcile", "--grace", "0", "--apply", "--members", "known.json", "--json"];
    // The faces were registered over the API: here not one has an entry, and one would be deleted.
    const refused = await facekit(cwd, ...apply);
    expect(refused.json()).toMatchObject({ error: { code: "namespace-not-found" } });
    const applied = await facekit(cwd, ...apply, "--allow-mass-deletion");
    expect([applied.status, applied.json()]).toMatchObject([
      0,
      {
        applied: true,
        outcomes: { planned: 0, repaired: 2 },
        listed: [
          { kind: "orphaned-faces", memberId: "ada", repair: "create-member", outcome: "repaired" },
          { kind: "orphaned-faces", memberId: "cleo", repair: "delete-faces", outcome: "repaired" },
        ],
      },
    ]);
    expect((await facekit(cwd, "reconcile", "--grace", "0")).stdout).toContain("all agree");
    // No date was given: the entry is as old as the face.
    const welcomed = await facekit(cwd, "welcome", "ada.jpg", ...threshold);
    expect(welcomed.stdout).toContain(`Ada, member since ${new Date().getUTCFullYear()}-`);
  });

  test("refuses files that hold something else", async () => {
    await writeFile(join(cwd, "wrong.json"), '{"id": "ada"}');
    await writeFile(join(cwd, "bad.json"), '[{"id": "ada"}, {"id": ""}]');
    await writeFile(join(cwd, "torn.json"), "[{");
    await writeFile(join(cwd, "undated.json"), '[{"id": "ada", "createdAt": true}]');
    for (const file of ["wrong.json", "bad.json", "torn.json", "none.json", "undated.json"]) {
      const ran = await facekit(cwd, "reconcile", "--members", file, "--json");
      expect([ran.status, ran.json()]).toMatchObject([2, { error: { code: "invalid-argument" } }]);
    }
    const api = await facekit(cwd, "welcome", "ada.jpg", "--members-api", "torn.json", "--json");
    expect(api.json()).toMatchObject({ error: { code: "invalid-argument" } });
  });
});
