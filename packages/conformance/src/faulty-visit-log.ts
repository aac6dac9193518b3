import type { Visit, VisitLog } from "@facekit/core";
import { behindFaults, type FaultyServerConformanceOptions, hurt, rough } from "./behind-faults.js";
import { ensure, equal } from "./expect.js";
import { minutesAfterNoon } from "./samples.js";
import { collect } from "./suite.js";

/** What a book of visits on a server must do where the connection to it breaks, answers late, or loses answers. */
export function faultyVisitLogConformance(options: FaultyServerConformanceOptions<VisitLog>): void {
  const { it, succeeds, untilDone } = behindFaults("VisitLog", options, async () => undefined);

  it("what was acknowledged is there beside erasures, and what was not is there whole or not at all", async (faulty, sound, connection) => {
    /** Whether each batch was acknowledged. */
    const told = new Map<string, boolean>();
    connection.inflict(rough);
    let appending = 4;
    const append = async (lane: number): Promise<void> => {
      for (let i = 0; i < 20; i++) {
        const batch = `${lane}-${i}`;
        const log = i % 4 === 0 ? sound : faulty;
        const appended = log.append("n", visitsOf(batch, ["ann", "gone", "bob"]));
        told.set(batch, await succeeds("append", appended));
        if (told.get(batch)) equal(await appended, 3, "new visits");
      }
      appending--;
    };
    const erase = async (): Promise<void> => {
      while (appending > 0) await succeeds("deleteMember", faulty.deleteMember("n", "gone"));
    };
    await Promise.all([0, 1, 2, 3].map(append).concat(erase()));
    connection.inflict({});
    await sound.deleteMember("n", "gone");
    const found = (await collect(sound.query("n"))).map(({ key }) => key);
    for (const [batch, acknowledged] of told) {
      const own = found.filter((key) => key.startsWith(`${batch}-`)).sort();
      if (own.length > 0 || acknowledged) equal(own, [`${batch}-ann`, `${batch}-bob`], `visits of batch ${batch}`);
    }
    equal(new Set(found).size, found.length, "number of keys");
    ensure(hurt(connection) > 0, "Nothing was dropped or swallowed.");
  });

  it("an append that is repeated until it is acknowledged is there once, and is erased whole", async (faulty, sound, connection) => {
    connection.inflict({ ...rough, swallow: 0.1 });
    const batches = Array.from({ length: 30 }, (_, i) => visitsOf(`${i}`, ["ann", "bob"], i));
    for (const batch of batches) await untilDone(() => faulty.append("n", batch));
    equal(await collect(sound.query("n")), batches.flat(), "visits");
    await untilDone(() => faulty.deleteMember("n", "ann"));
    equal(
      await collect(sound.query("n")),
      batches.flat().filter(({ memberId }) => memberId === "bob"),
      "visits after the erasure",
    );
    ensure(connection.harm.swallowed > 0, "No answer was swallowed.");
  });
}

function visitsOf(batch: string, members: readonly string[], minutes = 0): Visit[] {
  return members.map((memberId) => ({
    key: `${batch}-${memberId}`,
    memberId,
    at: minutesAfterNoon(minutes),
    timeZone: "Europe/Berlin",
  }));
}
