/** A range that covers the true rate in 95 of 100 such experiments; both ends 0..1. */
export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** The two-sided 95 % quantile of the normal distribution. */
const z = 1.959963984540054;

/**
 * The 95 % interval of a rate of which `count` of `total` trials were seen: Wilson's score interval (E. B. Wilson,
 * "Probable inference, the law of succession, and statistical inference", JASA 22, 1927).
 *
 * With no event at all, or nothing but events, the bound is one-sided and exact, `1 - 0.05^(1/total)`: the rule of 3 of
 * ISO/IEC 19795-1, by which no error in n trials leaves 3/n possible.
 *
 * Both take the trials as independent. Comparisons that share a person are not, so the true interval is wider.
 */
export function rateInterval(count: number, total: number): Interval {
  if (total === 0) return { low: 0, high: 1 };
  // expm1 keeps the digits of a bound near 0.
  const ruleOf3 = -Math.expm1(Math.log(0.05) / total);
  if (count === 0) return { low: 0, high: ruleOf3 };
  if (count === total) return { low: 1 - ruleOf3, high: 1 };
  const rate = count / total;
  const centre = rate + z ** 2 / (2 * total);
  const reach = z * Math.sqrt((rate * (1 - rate)) / total + z ** 2 / (4 * total ** 2));
  const scale = 1 + z ** 2 / total;
  return { low: (centre - reach) / scale, high: (centre + reach) / scale };
}

/**
 * Whether so many trials can show a rate at all: by the rule of 3 (ISO/IEC 19795-1) fewer than 3 / rate trials without
 * one error do not even make the rate likely.
 */
export function supportsRate(rate: number, trials: number): boolean {
  return trials >= trialsNeeded(rate);
}

/** How many trials the rule of 3 wants for a rate. */
export function trialsNeeded(rate: number): number {
  return Math.ceil(3 / rate - 1e-6);
}
