import type { FaceRecords } from "@facekit/core";
import { describe, expect, test } from "vitest";
import { cloudinaryFaceRecords } from "../src/index.js";
import { collect, newFolder, recordOf, recordsOn, serverForTest, space, tampered } from "./support.js";

const erasures: readonly {
  readonly what: string;
  readonly erase: (records: FaceRecords) => Promise<{ readonly deleted: number }>;
}[] = [
  { what: "of the member", erase: (records) => records.delete("n", { memberId: "ann" }) },
  { what: "of the templates", erase: (records) => records.delete("n", { ids: ["1"] }) },
  { what: "of the namespace", erase: (records) => records.deleteNamespace("n") },
];

for (const { what, erase } of erasures) {
  describe(`the erasure ${what} after an enrolment that was killed`, () => {
    for (const listLagMs of [0, 60_000]) {
      test(`at any of its requests holds for good${listLagMs === 0 ? "" : ", where lists lag"}`, async () => {
        const server = await serverForTest({ adminCallsPerHour: 1_000_000, listLagMs });
        for (let request = 0, survived = false; !survived; request++) {
          const folder = newFolder();
          let left = Number.POSITIVE_INFINITY;
          const client = tampered(async (_, send) => {
            left--;
            if (left > 0) return send();
            if (left === 0) await send();
            return Promise.reject({ message: "The process was killed here.", http_code: 400 });
          });
          const dying = cloudinaryFaceRecords({ url: server.url(), folder, client });
          const sound = recordsOn(server, folder);
          await sound.open(space);
          await dying.open(space);
          left = request + 1;
          await dying.put("n", [recordOf("1", "ann")]).catch(() => undefined);
          survived = left > 0;
          const { deleted } = await erase(sound);
          if (survived) expect(deleted).toBe(1);
          await sound.put("n", [recordOf("2", "bob")]);
          const again = recordsOn(server, folder);
          await again.open(space);
          for (const records of [sound, again]) {
            expect((await collect(records.scan())).map(({ id }) => id)).toEqual(["2"]);
          }
        }
      });
    }
  });
}
