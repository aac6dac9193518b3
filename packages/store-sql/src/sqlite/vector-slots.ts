import { type Kysely, sql } from "kysely";
import type { StoreDialect, TemplateWrites } from "../dialect.js";
import { Damage } from "../failures.js";
import { forTemplates } from "../for-templates.js";
import { inParts, type Parameter, prepared, preparedRows } from "../prepared.js";
import type { StoredId, Tables } from "../tables.js";
import { numberOf, textOf } from "../values.js";

/**
 * Vectors lie in slots of one size that are only ever overwritten in place, never deleted: when SQLite moves rows
 * between pages it leaves copies behind that `secure_delete` does not reach, so that a vector deleted later would
 * still be in the file.
 */

/** Leaf pages hold at most so many slots: of 1000 bytes and more, 8 of them lie on a page of 8192. */
const slotsPerPage = (bytes: number): number => Math.ceil(8192 / Math.min(bytes, 1000));

/** The vector of a row of `templates`: one whose vector is missing must be noticed, not left out. */
export const slotVector: StoreDialect["vector"] =
  sql`(SELECT vector FROM vectors WHERE vectors.slot = templates.slot)`.as("vector");

export function vectorSlots(db: Kysely<Tables>): TemplateWrites {
  const queries = slotQueries(db);
  return {
    /** With more than one page of empty slots there, SQLite only appends and moves none any more. */
    async bind(db, dimensions) {
      const [first] = (await db.executeQuery(queries.places({ count: 0 }))).rows;
      if (numberOf(first?.slot) !== 1) throw new Damage("it holds vectors, but does not tell of which space");
      const zeros = Buffer.alloc(dimensions * Float32Array.BYTES_PER_ELEMENT);
      const slots = Array.from({ length: slotsPerPage(zeros.length) + 1 }, (_, i) => ({ slot: i + 1, vector: zeros }));
      for (const part of inParts(slots)) await db.executeQuery(queries.write(part));
      for (const part of inParts(slots)) await db.executeQuery(queries.free(part));
    },

    async put(db, rows, revision) {
      const held = new Map<string, number>();
      for (const row of (await db.executeQuery(queries.held(rows))).rows) held.set(textOf(row.id), numberOf(row.slot));
      const count = rows.length - held.size;
      const slots = (await db.executeQuery(queries.places({ count }))).rows.map(({ slot }) => numberOf(slot));
      let next = slots.pop() ?? 1;
      const free = [...slots];
      const placed = rows.map((row) => {
        const slot = held.get(textOf(row.id)) ?? free.shift() ?? next++;
        return {
          slot,
          vector: row.vector,
          namespace: row.namespace,
          id: row.id,
          member_id: row.memberId,
          created_at: row.createdAt,
          source: row.source,
          revision,
          checksum: row.checksum(revision),
        };
      });
      await db.executeQuery(queries.write(placed));
      for (const part of inParts(slots.map((slot) => ({ slot })))) await db.executeQuery(queries.take(part));
      await db.executeQuery(queries.put(placed));
      return held.size > 0;
    },

    async eraseVectors(db, condition) {
      await db.executeQuery(queries.zero(condition));
      await db.executeQuery(queries.freeOf(condition));
    },
  };
}

interface Slot {
  readonly slot: number;
}

interface TemplateKey {
  readonly namespace: StoredId;
  readonly id: StoredId;
}

interface PlacedTemplate extends TemplateKey, Slot {
  readonly member_id: StoredId;
  readonly created_at: number;
  readonly source: string | null;
  readonly revision: number;
  readonly checksum: number;
}

function slotQueries(db: Kysely<Tables>) {
  const slotsOf = (matching: Parameters<Parameters<typeof forTemplates>[0]>[0]) =>
    db.selectFrom("templates").select("slot").where(matching);
  return {
    held: preparedRows((rows: readonly Parameter<TemplateKey>[]) =>
      db
        .selectFrom("templates")
        .select(["id", "slot"])
        .where("namespace", "=", rows[0]?.("namespace") ?? "")
        .where(
          "id",
          "in",
          rows.map((p) => p("id")),
        ),
    ),
    /** As many free slots as there are, up to the count, and then the one after the last of all. */
    places: prepared((p: Parameter<{ readonly count: number }>) =>
      db
        .selectFrom(db.selectFrom("free_slots").select("slot").orderBy("slot").limit(p("count")).as("free"))
        .select("slot")
        .unionAll(db.selectFrom("vectors").select(sql<number>`coalesce(max(slot), 0) + 1`.as("slot"))),
    ),
    take: preparedRows((rows: readonly Parameter<Slot>[]) =>
      db.deleteFrom("free_slots").where(
        "slot",
        "in",
        rows.map((p) => p("slot")),
      ),
    ),
    /** New slots are appended, others written over in place. */
    write: preparedRows((rows: readonly Parameter<Slot & { readonly vector: Uint8Array }>[]) =>
      db
        .insertInto("vectors")
        .values(rows.map((p) => ({ slot: p("slot"), vector: p("vector") })))
        .onConflict((conflict) => conflict.column("slot").doUpdateSet((eb) => ({ vector: eb.ref("excluded.vector") }))),
    ),
    free: preparedRows((rows: readonly Parameter<Slot>[]) =>
      db.insertInto("free_slots").values(rows.map((p) => ({ slot: p("slot") }))),
    ),
    put: preparedRows((rows: readonly Parameter<PlacedTemplate>[]) =>
      db
        .insertInto("templates")
        .values(
          rows.map((p) => ({
            slot: p("slot"),
            revision: p("revision"),
            namespace: p("namespace"),
            id: p("id"),
            member_id: p("member_id"),
            created_at: p("created_at"),
            source: p("source"),
            checksum: p("checksum"),
          })),
        )
        .onConflict((conflict) =>
          conflict.columns(["namespace", "id"]).doUpdateSet((eb) => ({
            revision: eb.ref("excluded.revision"),
            member_id: eb.ref("excluded.member_id"),
            created_at: eb.ref("excluded.created_at"),
            source: eb.ref("excluded.source"),
            checksum: eb.ref("excluded.checksum"),
          })),
        ),
    ),
    zero: forTemplates((matching) =>
      db
        .updateTable("vectors")
        .set({ vector: sql<Uint8Array>`zeroblob(length(vector))` })
        .where("slot", "in", slotsOf(matching)),
    ),
    freeOf: forTemplates((matching) => db.insertInto("free_slots").columns(["slot"]).expression(slotsOf(matching))),
  };
}
