import type { Member, MemberSource, Purchase } from "@facekit/core";
import { behindFaults, type FaultyServerConformanceOptions, hurt, rough } from "./behind-faults.js";
import { ensure, equal } from "./expect.js";
import { minutesAfterNoon, seeded } from "./samples.js";
import { collect } from "./suite.js";

/**
 * What members with purchases on a server must do where the connection to it breaks, answers late, or loses answers.
 * Both capabilities, `writable` and `purchases`, are wanted.
 */
export function faultyMemberSourceConformance(options: FaultyServerConformanceOptions<MemberSource>): void {
  const { it, succeeds, untilDone } = behindFaults("MemberSource", options, async () => undefined);

  it("what was acknowledged is there, and what was not is there whole or not at all", async (faulty, sound, connection) => {
    const random = seeded(41);
    /** What each member may look like: one state, or several where writes were not acknowledged. */
    const possible = new Map<string, readonly (Member | undefined)[]>();
    connection.inflict(rough);
    const lane = async (lane: number): Promise<void> => {
      for (let i = 0; i < 30; i++) {
        const id = `${lane}-${Math.floor(random() * 6)}`;
        const before = possible.get(id) ?? [undefined];
        const after = random() < 0.3 ? undefined : { id, name: `name ${i}`, ...(i % 2 === 0 && { email: `${i}` }) };
        const call = after === undefined ? faulty.delete("n", id) : faulty.put("n", after);
        const acknowledged = await succeeds(after === undefined ? "delete" : "put", call);
        possible.set(id, acknowledged ? [after] : [...before, after]);
      }
    };
    await Promise.all([0, 1, 2, 3].map(lane));
    connection.inflict({});
    const found = new Map((await collect(sound.list("n"))).map((member) => [member.id, member]));
    for (const [id, states] of possible) {
      equal(await sound.get("n", id), found.get(id), `get and list of ${id}`);
      const fits = states.some((state) => textOf(state) === textOf(found.get(id)));
      ensure(fits, `${id} is ${textOf(found.get(id))}, which no write left.`);
    }
    ensure(hurt(connection) > 0, "Nothing was dropped or swallowed.");
  });

  it("a purchase that is added until it is acknowledged is there once, and goes with the member", async (faulty, sound, connection) => {
    const purchases = Array.from({ length: 30 }, (_, i): Purchase => {
      return { id: `${i}`, product: "tea", quantity: 1, total: "1.00", currency: "EUR", at: minutesAfterNoon(i) };
    });
    connection.inflict({ ...rough, swallow: 0.1 });
    await untilDone(() => faulty.put("n", { id: "ann" }));
    for (const purchase of purchases) await untilDone(() => faulty.addPurchase("n", "ann", purchase));
    equal(await collect(sound.purchases("n", "ann")), purchases, "purchases");
    await untilDone(() => faulty.delete("n", "ann"));
    equal(await sound.get("n", "ann"), undefined, "the member after the deletion");
    await untilDone(() => faulty.put("n", { id: "ann" }));
    equal(await collect(sound.purchases("n", "ann")), [], "purchases of a member who came again");
    ensure(connection.harm.swallowed > 0, "No answer was swallowed.");
  });
}

function textOf(member: Member | undefined): string {
  return member === undefined ? "nobody" : JSON.stringify([member.id, member.name, member.email]);
}
