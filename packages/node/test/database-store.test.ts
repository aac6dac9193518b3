import { PGlite } from "@electric-sql/pglite";
import { createFaceKit } from "@facekit/node";
import { postgresStore } from "@facekit/store-sql";
import { expect, onTestFinished, test } from "vitest";
import { portrait } from "./drawn.js";

test("a kit keeps templates, members and visits in a database, and knows them after reopening", async () => {
  const pglite = await PGlite.create();
  onTestFinished(() => pglite.close());
  const photo = await portrait(1000, 1);
  {
    await using kit = await createFaceKit({ store: postgresStore({ pglite }), threshold: 0.9 });
    await kit.register("ada", photo);
    await kit.members?.put("default", { id: "ada", name: "Ada" });
    await kit.takeAttendance([photo], { session: "monday" });
  }
  await using kit = await createFaceKit({ store: postgresStore({ pglite }), threshold: 0.9 });
  expect((await kit.identify(photo)).best?.memberId).toBe("ada");
  expect(await kit.members?.get("default", "ada")).toMatchObject({ id: "ada", name: "Ada" });
  const visits: string[] = [];
  for await (const { memberId } of kit.visits.query("default", { session: "monday" })) visits.push(memberId);
  expect(visits).toEqual(["ada"]);

  await kit.forget("ada");
  const { rows } = await pglite.query<{ left: string }>(
    `SELECT (SELECT count(*) FROM facekit.templates) + (SELECT count(*) FROM facekit.members)
      + (SELECT count(*) FROM facekit.visits) AS left`,
  );
  expect(Number(rows[0]?.left)).toBe(0);
});
