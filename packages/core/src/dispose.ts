/** Disposes all parts in their order, those after a failing one too, and then throws the first failure. */
export async function disposeAll(parts: readonly (AsyncDisposable | undefined)[]): Promise<void> {
  const failures: unknown[] = [];
  for (const part of parts) {
    try {
      await part?.[Symbol.asyncDispose]();
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
}
