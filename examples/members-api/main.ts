/**
 * A small members' API such as a shop may have, and a look into it through `@facekit/members-http`.
 *
 *   npm run example members-api              starts it on a free port, and shows its members and their purchases
 *   npm run example members-api -- --serve   starts it on port 8787, where members.json looks for it, until Ctrl-C
 */
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { type MembersApi, startMembersApi } from "@facekit/conformance/members-api";
import type { Member, Purchase } from "@facekit/core";
import { httpMemberSource } from "@facekit/members-http";

/** Made up. */
const members: readonly Member[] = [
  { id: "ada", name: "Ada Okafor", email: "ada@example.org", createdAt: new Date("2025-03-01T09:30:00Z") },
  { id: "ben", name: "Ben Sato", phone: "+44 20 7946 0000", createdAt: new Date("2025-04-12T17:05:00Z") },
  { id: "cleo", name: "Cleo Ruiz", createdAt: new Date("2025-06-30T12:00:00Z") },
];
const purchases: Readonly<Record<string, readonly Purchase[]>> = {
  ada: [
    line("r1/1", "espresso", 2, "5.00", "2025-03-01T09:31:00Z"),
    line("r2/1", "espresso", 1, "2.50", "2025-04-02T08:10:00Z"),
    line("r2/2", "croissant", 1, "2.20", "2025-04-02T08:10:00Z"),
    line("r3/1", "croissant", -1, "-2.20", "2025-04-03T08:00:00Z"),
  ],
  ben: [line("r4/1", "green tea", 3, "9.60", "2025-04-12T17:06:00Z")],
};

const user = "desk";
const password = "open sesame";

async function startApi(port?: number): Promise<MembersApi> {
  return startMembersApi({ members, purchases, user, password, ...(port !== undefined && { port }) });
}

export async function main(args: readonly string[], print: (line: string) => void): Promise<void> {
  const serve = args.includes("--serve");
  const api = await startApi(serve ? 8787 : undefined);
  if (serve) {
    print(`${api.url}/v1, until Ctrl-C. Its users set:`);
    print(`  export MEMBERS_API_USER="${user}" MEMBERS_API_PASSWORD="${password}"`);
    await new Promise((resolve) => process.once("SIGINT", resolve));
    await api.close();
    return;
  }
  const configuration = JSON.parse(await readFile(new URL("members.json", import.meta.url), "utf8"));
  await using source = httpMemberSource({
    ...configuration,
    baseUrl: `${api.url}/v1`,
    environment: { MEMBERS_API_USER: user, MEMBERS_API_PASSWORD: password },
  });
  for await (const member of source.list("default")) {
    print(`${member.id}: ${[member.name, member.email, member.phone].filter(Boolean).join(", ")}`);
    for await (const { quantity, product, total, currency, at } of source.purchases("default", member.id)) {
      print(`  ${at?.toISOString().slice(0, 10) ?? "some day"}  ${quantity} x ${product}  ${total} ${currency}`);
    }
  }
  await api.close();
}

function line(id: string, product: string, quantity: number, total: string, at: string): Purchase {
  return { id, product, quantity, total, currency: "EUR", at: new Date(at) };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main(process.argv.slice(2), console.log);
