import { createHash, randomUUID } from "node:crypto";
import { v2 } from "cloudinary";
import { afterAll, describe, expect, test } from "vitest";
import { cloudinaryFaceRecords } from "../src/index.js";
import { collect, newFolder, recordOf, space } from "./support.js";

// A CLOUDINARY_URL alone may be the one of a shop that is open.
const isLive = process.env.CLOUDINARY_URL !== undefined && process.env.FACEKIT_LIVE_CLOUDINARY === "1";
const how = "set CLOUDINARY_URL=cloudinary://KEY:SECRET@CLOUD and FACEKIT_LIVE_CLOUDINARY=1";

/** Against a real account: about 200 requests, of which 12 of the Admin API. What it writes it deletes. */
describe.skipIf(!isLive)(`live (not run: ${how})`, () => {
  const folders: string[] = [];
  afterAll(async () => {
    for (const folder of folders) {
      const files = { resource_type: "raw", type: "authenticated", invalidate: true };
      await v2.api.delete_resources_by_prefix(`${folder}/`, files);
    }
  });

  test("what was written is seen at once, by its MD5, and found by who writes with overwrite: false", {
    timeout: 300_000,
  }, async () => {
    for (let round = 0; round < 5; round++) {
      const common = { public_id: `${newFolder()}.json`, resource_type: "raw", type: "authenticated" } as const;
      const texts = Array.from({ length: 4 }, () => JSON.stringify(randomUUID()));
      const etags = texts.map((text) => createHash("md5").update(text).digest("hex"));
      const write = async (text: string): Promise<unknown> => {
        const file = `data:application/json;base64,${Buffer.from(text).toString("base64")}`;
        return Reflect.get(Object(await v2.uploader.upload(file, { ...common, overwrite: false })), "etag");
      };
      const seen = async (): Promise<unknown> =>
        Reflect.get(Object(await v2.uploader.explicit(common.public_id, common)), "etag");
      const [first = "", ...others] = texts;
      expect(await write(first)).toBe(etags[0]);
      expect(await seen()).toBe(etags[0]);
      for (const other of others) expect(await write(other)).toBe(etags[0]);
      expect(await seen()).toBe(etags[0]);
      await v2.uploader.destroy(common.public_id, { ...common, invalidate: true });
      await expect(seen()).rejects.toMatchObject({ http_code: 404 });
    }
  });

  test("two stores over one folder write, read, erase and leave nothing", { timeout: 300_000 }, async () => {
    const folder = newFolder();
    folders.push(folder);
    const [one, two] = [cloudinaryFaceRecords({ folder }), cloudinaryFaceRecords({ folder })];
    await one.open(space);
    await two.open(space);
    await Promise.all([
      ...[1, 2, 3].map((n) => one.put("gym", [recordOf(`a${n}`, "ann", n)])),
      ...[1, 2, 3].map((n) => two.put("gym", [recordOf(`b${n}`, "ann", n + 3)])),
    ]);
    expect((await collect(one.scan("gym"))).map(({ id }) => id).sort()).toEqual(["a1", "a2", "a3", "b1", "b2", "b3"]);
    expect(await collect(two.members("gym"))).toMatchObject([{ memberId: "ann", templates: 6 }]);
    await two.delete("gym", { ids: ["a1"] });
    expect(await one.revision()).toBe(7);
    expect((await one.deleteNamespace("gym")).deleted).toBe(5);
    expect(await collect(two.scan())).toEqual([]);
  });
});
