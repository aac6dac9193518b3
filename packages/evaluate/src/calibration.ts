import type { Calibration, CalibrationPoint } from "@facekit/core";
import { rateInterval } from "./interval.js";
import { thresholdAccepting } from "./rates.js";
import { countAccepted, type Scores } from "./scores.js";

const calibratedRates = [1e-2, 3e-3, 1e-3, 3e-4, 1e-4, 3e-5, 1e-5, 3e-6, 1e-6] as const;

/** The rate that cards use by default; the next higher measured one where the data do not support it. */
const defaultFalseMatchRate = 1e-3;

/**
 * A rate that others build on wants more than one that is merely told: about the 30 errors of the rule of 30
 * (G. R. Doddington et al., "The NIST speaker recognition evaluation", Speech Communication 31, 2000; ISO/IEC 19795-1).
 * With 25 the true rate lies, with 90 % confidence, within a third of the measured one: 1.645 / √25.
 */
const fewestErrors = 25;

/** How many impostor pairs the least demanding calibration wants. */
export const fewestPairsToCalibrate: number = fewestErrors / calibratedRates[0];

/**
 * What a model card keeps: for each rate of false matches that the impostor scores support, the lowest threshold that
 * holds it, and the 95 % interval of the rate that was counted there. Undefined where they support none.
 *
 * @param data what the pairs were, for people.
 */
export function calibrate({ genuine, impostor }: Scores, data: string): Calibration | undefined {
  const points = calibratedRates
    .filter((rate) => rate * impostor.length >= fewestErrors)
    .map((falseMatchRate): CalibrationPoint => {
      const threshold = thresholdAccepting(falseMatchRate, impostor);
      const accepted = countAccepted(genuine, threshold);
      const { low, high } = rateInterval(countAccepted(impostor, threshold), impostor.length);
      return {
        falseMatchRate,
        threshold,
        impostorPairs: impostor.length,
        interval: [threeDigits(low), threeDigits(high)],
        ...(genuine.length === 0 ? {} : { trueMatchRate: Math.round((accepted / genuine.length) * 1e4) / 1e4 }),
      };
    });
  const lowest = points.at(-1);
  if (lowest === undefined) return undefined;
  return { data, defaultFalseMatchRate: Math.max(defaultFalseMatchRate, lowest.falseMatchRate), points };
}

function threeDigits(rate: number): number {
  return Number(rate.toPrecision(3));
}
