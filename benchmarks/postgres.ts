/** One statement on the server that POSTGRES_URL names. */
export async function onPostgres(statement: string): Promise<Record<string, unknown>[]> {
  const { default: pg } = await import("pg");
  const client = new pg.Client({ connectionString: process.env.POSTGRES_URL ?? "" });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(statement)).rows;
  } finally {
    await client.end();
  }
}
