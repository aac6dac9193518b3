import { FaceKitError } from "@facekit/core";
import { kernelBase64, sharedKernelBase64 } from "../generated/kernel.js";

/** A compiled kernel and whether it is for a memory that threads share. */
export interface CompiledKernel {
  readonly module: WebAssembly.Module;
  readonly shared: boolean;
}

const compiled = new Map<boolean, Promise<CompiledKernel>>();

/** Compiles once per process or page. Rejects with `not-supported` where WebAssembly has no SIMD. */
export function compileKernel(shared = false): Promise<CompiledKernel> {
  let compiling = compiled.get(shared);
  if (compiling === undefined) {
    compiling = compile(shared);
    compiled.set(shared, compiling);
  }
  return compiling;
}

async function compile(shared: boolean): Promise<CompiledKernel> {
  const base64 = shared ? sharedKernelBase64 : kernelBase64;
  try {
    const module = await WebAssembly.compile(Uint8Array.from(atob(base64), (character) => character.charCodeAt(0)));
    return { module, shared };
  } catch (cause) {
    throw new FaceKitError(
      "not-supported",
      "This runtime has no WebAssembly SIMD, which the exact index needs. Every browser since 2023 and Node since 16 have it.",
      { adapter: "index-exact", cause },
    );
  }
}
