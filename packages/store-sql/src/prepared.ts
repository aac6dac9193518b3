import { type Compilable, type CompiledQuery, type QueryResult, type RawBuilder, sql } from "kysely";

/** Stands for a value of `V` in a query that is compiled before the value is known. */
export type Parameter<V> = <K extends keyof V & string>(name: K) => RawBuilder<V[K]>;

class Placeholder {
  readonly row: number;
  readonly name: string;

  constructor(row: number, name: string) {
    this.row = row;
    this.name = name;
  }
}

/** Compiles a query on its first use, and gives it with each caller's values. */
export function prepared<V extends object, R>(
  build: (parameter: Parameter<V>) => Compilable<R>,
): (values: V) => CompiledQuery<R> {
  const ofRows = preparedRows<V, R>(([first]) => build(first ?? parameterOf(0)));
  return (values) => ofRows([values]);
}

/** The same for a query over several rows of values, which is compiled once for each number of rows. */
export function preparedRows<V extends object, R>(
  build: (rows: readonly Parameter<V>[]) => Compilable<R>,
): (rows: readonly V[]) => CompiledQuery<R> {
  const compiled = new Map<number, CompiledQuery<R>>();
  return (rows) => {
    let query = compiled.get(rows.length);
    if (query === undefined) {
      query = build(rows.map((_, row) => parameterOf<V>(row))).compile();
      compiled.set(rows.length, query);
    }
    const values: readonly object[] = rows;
    const parameters = query.parameters.map((parameter) =>
      parameter instanceof Placeholder ? Reflect.get(values[parameter.row] ?? {}, parameter.name) : parameter,
    );
    return { ...query, parameters };
  };
}

function parameterOf<V>(row: number): Parameter<V> {
  return <K extends keyof V & string>(name: K): RawBuilder<V[K]> => sql<V[K]>`${new Placeholder(row, name)}`;
}

/**
 * The rows in parts of 128, 64, 32 … 1, for statements over several rows: few statements for any number of rows, and
 * few numbers of rows that statements must be compiled for.
 */
export function* inParts<T>(rows: readonly T[]): Generator<readonly T[]> {
  for (let at = 0; at < rows.length; ) {
    const size = Math.min(128, 2 ** Math.floor(Math.log2(rows.length - at)));
    yield rows.slice(at, at + size);
    at += size;
  }
}

/** How many rows a statement inserted, changed or deleted. */
export function changesOf(result: QueryResult<unknown>): number {
  return Number(result.numAffectedRows ?? 0);
}
