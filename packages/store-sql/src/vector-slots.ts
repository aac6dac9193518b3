import type { Sql, SqlValue } from "./database.js";
import { numberAt } from "./values.js";

/**
 * Vectors lie in slots of one size that are only ever overwritten in place, never deleted: when SQLite moves rows
 * between pages it leaves copies behind that `secure_delete` does not reach, so that a vector deleted later would
 * still be in the file.
 */

/** Leaf pages hold at most so many slots: of 1000 bytes and more, 8 of them lie on a page of 8192. */
const slotsPerPage = (bytes: number): number => Math.ceil(8192 / Math.min(bytes, 1000));

/** To be called once. With more than one page of empty slots there, SQLite only appends and moves none any more. */
export function prepareSlots(sql: Sql, bytesPerVector: number): void {
  const zeros = Buffer.alloc(bytesPerVector);
  for (let i = 0; i <= slotsPerPage(bytesPerVector); i++) {
    sql.run("INSERT INTO free_slots (slot) VALUES (?)", append(sql, zeros));
  }
}

/** Writes the vector over the one in the slot, or into a free slot where none is given, and tells which. */
export function writeSlot(sql: Sql, vector: Buffer, given: number | undefined): number {
  const slot = given ?? takeFree(sql);
  if (slot === undefined) return append(sql, vector);
  sql.run("UPDATE vectors SET vector = ? WHERE slot = ?", vector, slot);
  return slot;
}

/** Zeroes and frees the slots of the templates that the condition selects. */
export function eraseSlots(sql: Sql, condition: string, values: readonly SqlValue[]): void {
  const slots = `SELECT slot FROM templates WHERE ${condition}`;
  sql.run(`UPDATE vectors SET vector = zeroblob(length(vector)) WHERE slot IN (${slots})`, ...values);
  sql.run(`INSERT INTO free_slots (slot) ${slots}`, ...values);
}

function takeFree(sql: Sql): number | undefined {
  const [row] = sql.rows("SELECT slot FROM free_slots ORDER BY slot LIMIT 1");
  if (row === undefined) return undefined;
  const slot = numberAt(row, 0);
  sql.run("DELETE FROM free_slots WHERE slot = ?", slot);
  return slot;
}

function append(sql: Sql, vector: Buffer): number {
  const [row = []] = sql.rows("INSERT INTO vectors (vector) VALUES (?) RETURNING slot", vector);
  return numberAt(row, 0);
}
