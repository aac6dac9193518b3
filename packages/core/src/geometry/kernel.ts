import { kernelBase64 } from "../../generated/kernel.js";
import { FaceKitError } from "../errors.js";

/** What `kernel/*.ts` exports; its docstrings say what the arguments are. Addresses are bytes from the memory's start. */
export interface PixelKernel {
  readonly memory: WebAssembly.Memory;
  resizeRows(
    rows: number,
    rowBytes: number,
    count: number,
    columns: number,
    columnBytes: number,
    width: number,
    pixels: number,
    firstRow: number,
    stride: number,
    channels: number,
    sums: number,
    out: number,
  ): void;
  warp(
    pixels: number,
    width: number,
    height: number,
    channels: number,
    a: number,
    b: number,
    tx: number,
    ty: number,
    samples: number,
    chipWidth: number,
    chipHeight: number,
    out: number,
  ): void;
  planes(
    pixels: number,
    count: number,
    red: number,
    green: number,
    blue: number,
    redMean: number,
    greenMean: number,
    blueMean: number,
    redScale: number,
    greenScale: number,
    blueScale: number,
  ): void;
}

/** The kernel's types are checked nowhere but here: it is built from the source beside it. */
type KernelInstance = WebAssembly.Instance & { readonly exports: PixelKernel };

/** A memory never shrinks, so a larger one than this is not kept. */
const keptBytes = 32 * 2 ** 20;
const pageBytes = 2 ** 16;

let compiled: WebAssembly.Module | undefined;
let kept: PixelKernel | undefined;

/**
 * The kernel, and its memory of at least `length` bytes, good until the next call.
 * Throws `not-supported` where WebAssembly has no SIMD.
 */
export function pixelKernel(length: number): { readonly kernel: PixelKernel; readonly memory: Uint8Array } {
  compiled ??= compile();
  const start = (module: WebAssembly.Module): PixelKernel =>
    (new WebAssembly.Instance(module) as KernelInstance).exports;
  kept ??= start(compiled);
  const kernel = length > keptBytes ? start(compiled) : kept;
  const missing = length - kernel.memory.buffer.byteLength;
  if (missing > 0) kernel.memory.grow(Math.ceil(missing / pageBytes));
  return { kernel, memory: new Uint8Array(kernel.memory.buffer) };
}

function compile(): WebAssembly.Module {
  try {
    return new WebAssembly.Module(Uint8Array.from(atob(kernelBase64), (character) => character.charCodeAt(0)));
  } catch (cause) {
    throw new FaceKitError(
      "not-supported",
      "This runtime has no WebAssembly SIMD, which resizing and aligning need. " +
        "Every browser since 2023 and Node since 16 have it.",
      { cause },
    );
  }
}
