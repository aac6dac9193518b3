/** Beyond this, an exponent is a mistake and not money. */
const farthest = 100;

/**
 * The decimal string of a number as JSON or a person writes it, with every digit: `"1.29e1"` is `"12.9"`. Undefined where
 * it is none; a decimal comma is none, since it may part thousands as well.
 */
export function exactDecimal(text: string): string | undefined {
  const [, sign = "", whole = "", fraction = "", exponent = "0"] =
    /^\s*([+-]?)(\d{0,400})(?:\.(\d{0,400}))?(?:[eE]([+-]?\d{1,4}))?\s*$/.exec(text) ?? [];
  const digits = whole + fraction;
  const shift = Number(exponent);
  if (digits === "" || Math.abs(shift) > farthest) return undefined;
  // Where the point lies in the digits, with zeros put before or behind them.
  const point = whole.length + shift;
  const padded = point <= 0 ? "0".repeat(1 - point) + digits : digits.padEnd(point, "0");
  const cut = Math.max(point, 1);
  const integer = padded.slice(0, cut).replace(/^0+(?=\d)/, "");
  const rest = padded.slice(cut);
  return `${sign === "-" ? "-" : ""}${integer}${rest === "" ? "" : `.${rest}`}`;
}
