import type { MemberTemplates } from "@facekit/core";
import { fromTemplateRow, type Tables, templateColumns } from "@facekit/store-sql/postgres";
import { type RawBuilder, sql, type Transaction } from "kysely";
import type { Names } from "./names.js";

/** What `fromTemplateRow` reads of a template `t`. */
export const templateFields: RawBuilder<unknown> = sql`t.vector, ${sql.join(templateColumns.map((name) => sql.ref(`t.${name}`)))}`;

export type TemplateFields = Parameters<typeof fromTemplateRow>[0];

/** `hex`: the member's id in hex. */
export type StoredMember = MemberTemplates & { readonly hex: string };

/**
 * Those members among them who have templates, with all of these, by member and template id; of a revision after `until`
 * none. `members`: ids in hex, of the namespace with that key.
 */
export async function templatesOf(
  db: Transaction<Tables>,
  names: Names,
  key: number,
  members: readonly string[],
  dimensions: number,
  until?: number,
): Promise<StoredMember[]> {
  if (members.length === 0) return [];
  const { rows } = await sql<TemplateFields & { readonly member: string }>`
    SELECT encode(t.member_id, 'hex') AS member, ${templateFields} FROM ${names.templates} AS t
    WHERE t.namespace = (SELECT namespace FROM ${names.namespaces} WHERE key = ${key})
      AND t.member_id = ANY (${decoded(members)}) ${until === undefined ? sql`` : sql`AND t.revision <= ${until}`}
    ORDER BY t.member_id, t.id`.execute(db);
  const found = new Map<string, { hex: string; memberId: string; templates: { id: string; vector: Float32Array }[] }>();
  for (const row of rows) {
    const { id, memberId, vector } = fromTemplateRow(row, dimensions);
    const member = found.get(row.member);
    if (member === undefined) found.set(row.member, { hex: row.member, memberId, templates: [{ id, vector }] });
    else member.templates.push({ id, vector });
  }
  return [...found.values()];
}

/** Bytes from hex digits, since clients differ in how they send arrays of bytes. */
export function decoded(hex: readonly string[]): RawBuilder<unknown> {
  return sql`ARRAY(SELECT decode(id, 'hex') FROM unnest(${[...hex]}::text[]) AS given (id))`;
}
