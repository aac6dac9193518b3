export type DateFormat = "iso" | "seconds" | "milliseconds";

// Years of more than four digits have a sign: ECMAScript's date time string format.
const iso =
  /^\s*([+-]\d{6}|\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?))?\s*(Z|[+-]\d\d(?::?\d\d)?)?\s*$/i;

/** The date that a field holds, or undefined where none can be read from it. Numbers come as digits. */
export function readDate(text: string, format: DateFormat): Date | undefined {
  // ISO 8601 has dates without hyphens, too: as milliseconds they would be of the first two days of 1970.
  const written = format === "iso" ? text.replace(/^\s*(\d{4})(\d\d)(\d\d)\s*$/, "$1-$2-$3") : text;
  const date = /^-?\d+(\.\d+)?$/.test(written) ? fromNumber(Number(written), format) : fromText(written);
  return date === undefined || Number.isNaN(date.getTime()) ? undefined : date;
}

function fromNumber(value: number, format: DateFormat): Date {
  return new Date(format === "seconds" ? Math.round(value * 1_000) : value);
}

/** Without a zone it is UTC: `Date` would take that of the machine. */
function fromText(text: string): Date | undefined {
  const [, year, month, day, time = "00:00", zone = "Z"] = iso.exec(text) ?? [];
  if (year === undefined) return undefined;
  const [, sign = "", hours, minutes = "00"] = /^([+-])(\d\d):?(\d\d)?$/.exec(zone) ?? [];
  return new Date(`${year}-${month}-${day}T${time}${hours === undefined ? "Z" : `${sign}${hours}:${minutes}`}`);
}

/** How a date is sent. */
export function writeDate(date: Date, format: DateFormat): string | number {
  if (format === "iso") return date.toISOString();
  return format === "seconds" ? date.getTime() / 1_000 : date.getTime();
}
