/** A repeatable stream of numbers: the same seed and purpose always give the same stream. */
export interface Random {
  /** Evenly from 0 up to, not including, 1. */
  unit(): number;
  /** Evenly between two bounds. */
  between(low: number, high: number): number;
  /** Between two bounds, seldom near the middle: people drawn so differ more than real ones do. */
  edgy(low: number, high: number): number;
  chance(probability: number): boolean;
  pick<T>(choices: readonly [T, ...T[]]): T;
}

/** `purpose` keeps streams apart that share a seed, so that a new draw in one leaves the others as they were. */
export function randomFrom(seed: number, purpose: string): Random {
  let state = hash(`${purpose}:${seed}`);
  const unit = (): number => {
    // mulberry32
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const between = (low: number, high: number): number => low + (high - low) * unit();
  return {
    unit,
    between,
    edgy: (low, high) => {
      const even = unit();
      const edge = even < 0.5 ? 2 * even ** 2 : 1 - 2 * (1 - even) ** 2;
      return low + (high - low) * edge;
    },
    chance: (probability) => unit() < probability,
    pick: (choices) => choices[Math.floor(unit() * choices.length)] ?? choices[0],
  };
}

/** FNV-1a with a final mix: neighbouring seeds must not give neighbouring streams. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) value = Math.imul(value ^ text.charCodeAt(at), 0x01000193);
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  return (value ^ (value >>> 13)) | 0;
}
