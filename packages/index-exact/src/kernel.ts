/** The most that a shared memory may grow to, in pages of 64 KiB: the same as in `kernel/build.mjs`. */
export const sharedPages = 32_768;

/** What `kernel/*.ts` exports; its docstrings say what the arguments are. Addresses are bytes from the memory's start. */
export interface Kernel {
  quantiseRow(
    vector: number,
    centre: number,
    dimensions: number,
    codes: number,
    scale: number,
    error: number,
    offset: number,
  ): void;
  quantiseQuery(
    vector: number,
    centre: number,
    dimensions: number,
    query: number,
    limit: number,
    farthest: number,
    rounding: number,
  ): void;
  scanOne(
    codes: number,
    scales: number,
    errors: number,
    offsets: number,
    rows: number,
    steps: number,
    firstRow: number,
    query: number,
    found: number,
  ): void;
  scanFour(
    codes: number,
    scales: number,
    errors: number,
    offsets: number,
    rows: number,
    steps: number,
    firstRow: number,
    query: number,
    queryBytes: number,
    found: number,
    foundBytes: number,
  ): void;
  similarity(a: number, b: number, dimensions: number): number;
}

/** The kernel's types are checked nowhere but here: it is built from the source beside it. */
type KernelInstance = WebAssembly.Instance & { readonly exports: Kernel };

/** A kernel over a memory, which it shares with others where the module is for that. */
export function startKernel(module: WebAssembly.Module, memory: WebAssembly.Memory): Kernel {
  return (new WebAssembly.Instance(module, { env: { memory } }) as KernelInstance).exports;
}
