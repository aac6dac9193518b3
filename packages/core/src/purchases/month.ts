import { FaceKitError } from "../errors.js";

/** Throws `invalid-argument` unless the name is that of an IANA zone that this machine knows. */
export function checkTimeZone(timeZone: string): void {
  try {
    new Intl.DateTimeFormat("en", { timeZone });
  } catch (cause) {
    throw new FaceKitError(
      "invalid-argument",
      `timeZone wants an IANA zone such as "Asia/Kolkata"; got "${timeZone}".`,
      { cause },
    );
  }
}

/**
 * In which month of a zone an instant lies, as `"2024-02"`; undefined for what is no date, or outside the years 1 to
 * 9999. Throws `invalid-argument` for a zone that is none.
 */
export function monthIn(timeZone: string): (at: Date) => string | undefined {
  checkTimeZone(timeZone);
  const monthOf = timeZone === "UTC" ? utcMonth : zonedMonth(timeZone);
  return (at) => {
    const [year, month] = Number.isNaN(at.getTime()) ? [] : monthOf(at);
    if (year === undefined || month === undefined || year < 1 || year > 9999) return undefined;
    return `${String(year).padStart(4, "0")}-${String(month).padStart(2, "0")}`;
  };
}

function utcMonth(at: Date): [year: number, month: number] {
  return [at.getUTCFullYear(), at.getUTCMonth() + 1];
}

function zonedMonth(timeZone: string): (at: Date) => [year: number, month: number] {
  // The calendar and the digits are named, so that this machine's language changes nothing.
  const format = new Intl.DateTimeFormat("en-u-ca-gregory-nu-latn", {
    timeZone,
    era: "short",
    year: "numeric",
    month: "numeric",
  });
  return (at) => {
    const parts = new Map(format.formatToParts(at).map(({ type, value }) => [type, value]));
    const year = Number(parts.get("year"));
    return [parts.get("era")?.startsWith("A") ? year : -year, Number(parts.get("month"))];
  };
}
