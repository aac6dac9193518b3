import type { Kysely, RawBuilder } from "kysely";
import type { TemplateWrites } from "./dialect.js";
import { type Parameter, preparedRows } from "./prepared.js";
import type { StoredId, Tables } from "./tables.js";

interface Row {
  readonly namespace: StoredId;
  readonly id: StoredId;
  readonly member_id: StoredId;
  readonly vector: Uint8Array;
  readonly created_at: number;
  readonly source: string | null;
  readonly revision: number;
  readonly checksum: number;
}

const replaced = ["member_id", "vector", "created_at", "source", "revision", "checksum"];

/** Of servers, which erase by their own ways: the vector is a column of its template. */
export function vectorColumn(
  db: Kysely<Tables>,
  replacing: (key: readonly string[], columns: readonly string[]) => RawBuilder<unknown>,
): TemplateWrites {
  const put = preparedRows((rows: readonly Parameter<Row>[]) =>
    db
      .insertInto("templates")
      .values(
        rows.map((p) => ({
          namespace: p("namespace"),
          id: p("id"),
          member_id: p("member_id"),
          vector: p("vector"),
          created_at: p("created_at"),
          source: p("source"),
          revision: p("revision"),
          checksum: p("checksum"),
        })),
      )
      .modifyEnd(replacing(["namespace", "id"], replaced)),
  );
  return {
    bind: async () => undefined,
    async put(transaction, rows, revision) {
      const values = rows.map((row) => ({
        namespace: row.namespace,
        id: row.id,
        member_id: row.memberId,
        vector: row.vector,
        created_at: row.createdAt,
        source: row.source,
        revision,
        checksum: row.checksum(revision),
      }));
      await transaction.executeQuery(put(values));
      return false;
    },
    eraseVectors: async () => undefined,
  };
}
