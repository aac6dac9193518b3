import { FaceKitError } from "@facekit/core";
import { kernelBase64 } from "../generated/kernel.js";

/** What `kernel/*.ts` exports; its docstrings say what the arguments are. Addresses are bytes from the memory's start. */
export interface Kernel {
  readonly memory: WebAssembly.Memory;
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

let compiled: Promise<WebAssembly.Module> | undefined;

/** Compiles once per process or page. Rejects with `not-supported` where WebAssembly has no SIMD. */
export function compileKernel(): Promise<WebAssembly.Module> {
  compiled ??= WebAssembly.compile(Uint8Array.from(atob(kernelBase64), (character) => character.charCodeAt(0))).catch(
    (cause: unknown) => {
      throw new FaceKitError(
        "not-supported",
        "This runtime has no WebAssembly SIMD, which the exact index needs. Every browser since 2023 and Node since 16 have it.",
        { adapter: "index-exact", cause },
      );
    },
  );
  return compiled;
}

/** A kernel with an empty memory of its own. */
export function startKernel(module: WebAssembly.Module): Kernel {
  return (new WebAssembly.Instance(module) as KernelInstance).exports;
}
