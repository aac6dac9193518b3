/** An exact decimal number: `units` divided by 10 to the power of `scale`. */
export interface Decimal {
  readonly units: bigint;
  /** Digits behind the point, 0 or more. */
  readonly scale: number;
}

export const zero: Decimal = { units: 0n, scale: 0 };

/** Longer than any sum of money, short enough that hostile text costs nothing. */
const longest = 64;

/** A decimal number such as `"-12.90"`, or undefined for what is none: no exponent, no thousands separator. */
export function parseDecimal(text: unknown): Decimal | undefined {
  if (typeof text !== "string" || text.length > longest) return undefined;
  const parts = /^\s*([+-]?)(\d*)(?:\.(\d*))?\s*$/.exec(text);
  const [, sign = "", whole = "", fraction = ""] = parts ?? [];
  if (parts === null || whole + fraction === "") return undefined;
  const units = BigInt(whole + fraction);
  return { units: sign === "-" ? -units : units, scale: fraction.length };
}

/** The decimal number that a finite number is written as: 0.1 is one tenth, and not the binary fraction next to it. */
export function decimalOf(value: number): Decimal {
  const [digits = "", exponent = "0"] = String(value).split("e");
  const [whole = "", fraction = ""] = digits.split(".");
  const scale = fraction.length - Number(exponent);
  const units = BigInt(whole + fraction);
  return scale < 0 ? { units: units * 10n ** BigInt(-scale), scale: 0 } : { units, scale };
}

/** The sum, with as many digits behind the point as the longer has. */
export function plus(a: Decimal, b: Decimal): Decimal {
  if (a.scale === b.scale) return { units: a.units + b.units, scale: a.scale };
  const scale = Math.max(a.scale, b.scale);
  return { units: scaledUp(a, scale) + scaledUp(b, scale), scale };
}

export function decimalText({ units, scale }: Decimal): string {
  const digits = String(units < 0n ? -units : units).padStart(scale + 1, "0");
  const point = digits.length - scale;
  const text = scale === 0 ? digits : `${digits.slice(0, point)}.${digits.slice(point)}`;
  return units < 0n ? `-${text}` : text;
}

function scaledUp({ units, scale }: Decimal, wanted: number): bigint {
  return units * 10n ** BigInt(wanted - scale);
}
