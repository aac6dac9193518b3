/**
 * Writes to a store until it is killed: `life.mjs <backend> <folder>`, with a `Life` as one line on stdin. Bundled to
 * JavaScript first, and started ahead of its turn, so that a thousand of them take minutes.
 */
import { writeSync } from "node:fs";
import { createInterface } from "node:readline/promises";
import { backends, placeAt } from "../store/backends.js";
import { type Life, namespace, type Operation, space, type Told, templatesOf } from "./members.js";

const [name = "", folder = ""] = process.argv.slice(2);
// Synchronously: what the parent cannot read was not told.
const tell = (told: Told): void => void writeSync(1, `${JSON.stringify(told)}\n`);

const backend = backends[name];
if (backend === undefined) throw new Error(`There is no backend "${name}".`);
await backend.load();
tell({ what: "ready" });
for await (const line of createInterface({ input: process.stdin })) {
  await live(JSON.parse(line)).catch((error: unknown) => tell({ what: "failed", why: String(error) }));
}

async function live(life: Life): Promise<void> {
  const started = performance.now();
  const { store } = (await backend?.open(placeAt(folder))) ?? {};
  await store?.open(space);
  if (store === undefined) return;
  tell({ what: "open", ms: performance.now() - started });
  let told = 0;
  const run = async (operation: Operation): Promise<void> => {
    const number = told++;
    tell({ what: "try", number, operation });
    const templates = operation.members.flatMap(([memberId, version]) => templatesOf(memberId, version));
    if (operation.kind === "put") await store.upsert(namespace, templates);
    else for (const [memberId] of operation.members) await store.deleteMember(namespace, memberId);
    tell({ what: "acknowledged", number });
  };
  // Two at a time, on members of their own.
  const lane = async (lane: number): Promise<void> => {
    const own = life.known.filter((_, i) => i % 2 === lane).map(([memberId, version]) => ({ memberId, version }));
    for (let i = 0; ; i++) {
      const chance = Math.random();
      const chosen = own.splice(Math.floor(Math.random() * own.length), 1)[0];
      if (chance < 0.25 && chosen !== undefined) {
        await run({ kind: "delete", members: [[chosen.memberId, chosen.version]] });
      } else if (chance < 0.5 && chosen !== undefined) {
        await run({ kind: "put", members: [[chosen.memberId, chosen.version + 1]] });
        own.push({ memberId: chosen.memberId, version: chosen.version + 1 });
      } else {
        if (chosen !== undefined) own.push(chosen);
        // Some calls register several members.
        const fresh = Array.from({ length: chance > 0.95 ? 4 : 1 }, (_, n) => `${life.name}-${lane}-${i}-${n}`);
        await run({ kind: "put", members: fresh.map((memberId) => [memberId, 1]) });
        own.push(...fresh.map((memberId) => ({ memberId, version: 1 })));
      }
    }
  };
  await Promise.all([lane(0), lane(1)]);
}
