import { type Compilable, type CompiledQuery, type Expression, type SqlBool, sql } from "kysely";
import { type Parameter, prepared, preparedRows } from "./prepared.js";
import type { StoredId } from "./tables.js";

/** Which templates of a namespace: all, those of a member, or some ids. */
export interface TemplateCondition {
  readonly namespace: StoredId;
  readonly memberId?: StoredId;
  readonly ids?: readonly StoredId[];
}

interface InNamespace {
  readonly namespace: StoredId;
  readonly revision: number;
}

/** A query about the templates that a condition selects, compiled once for each kind of condition. */
export function forTemplates<R>(
  build: (matching: Expression<SqlBool>, revision: Expression<number>) => Compilable<R>,
): (condition: TemplateCondition, revision?: number) => CompiledQuery<R> {
  const inNamespace = (parameter: Parameter<InNamespace>): Expression<SqlBool> =>
    sql<SqlBool>`${sql.ref("namespace")} = ${parameter("namespace")}`;
  const whole = prepared((p: Parameter<InNamespace>) => build(inNamespace(p), p("revision")));
  const ofMember = prepared((p: Parameter<InNamespace & { readonly memberId: StoredId }>) =>
    build(sql`${inNamespace(p)} AND ${sql.ref("member_id")} = ${p("memberId")}`, p("revision")),
  );
  const named = preparedRows((rows: readonly Parameter<InNamespace & { readonly id: StoredId }>[]) => {
    const [first] = rows;
    if (first === undefined) throw new RangeError("There are no ids.");
    const ids = sql.join(rows.map((p) => p("id")));
    return build(sql`${inNamespace(first)} AND ${sql.ref("id")} IN (${ids})`, first("revision"));
  });
  return ({ namespace, memberId, ids }, revision = 0) => {
    if (ids !== undefined) return named(ids.map((id) => ({ namespace, id, revision })));
    if (memberId !== undefined) return ofMember({ namespace, memberId, revision });
    return whole({ namespace, revision });
  };
}
