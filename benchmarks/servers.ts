/** What is asked of servers beside the stores: how much they hold, and to drop it. Clients are imported when they are needed. */

export function addressOf(variable: string): string {
  const url = process.env[variable];
  if (!url) throw new Error(`${variable} is not set`);
  return url;
}

/** The only row of the answer. */
export async function askPostgres(statement: string): Promise<object> {
  const { default: pg } = await import("pg");
  const client = new pg.Client({ connectionString: addressOf("POSTGRES_URL") });
  await client.connect();
  try {
    return (await client.query(statement)).rows[0] ?? {};
  } finally {
    await client.end();
  }
}

/** The only row of the answer. */
export async function askMysql(statement: string): Promise<object> {
  const { createConnection } = await import("mysql2/promise");
  const connection = await createConnection({ uri: addressOf("MARIADB_URL") });
  try {
    const [rows] = await connection.query(statement);
    return (Array.isArray(rows) ? rows[0] : undefined) ?? {};
  } finally {
    await connection.end();
  }
}

export async function dropMongodb(database: string): Promise<void> {
  const { MongoClient } = await import("mongodb");
  const client = new MongoClient(addressOf("MONGODB_URI"));
  try {
    await client.db(database).dropDatabase();
  } finally {
    await client.close();
  }
}

/** The number in the one column of a row; databases give sums as text. */
export function numberOf(row: object): number {
  return Number(Object.values(row)[0] ?? 0);
}
