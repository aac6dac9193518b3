// Written by benchmarks/drawn-cast/calibrate.ts: change that and run it again.
import type { DrawnDomainThreshold } from "./thresholds.js";

export const measured: Readonly<Record<string, DrawnDomainThreshold>> = {
  "dlib-resnet-128/landmarks-68/2": {
    threshold: 0.96796,
    falseMatchRate: 0.000997,
    falseNonMatchRate: 0.0452,
    pairs: 178503,
    ownPairs: 598,
    madeBy: "benchmarks/drawn-cast/calibrate.ts",
  },
  "retail-0095/five-point/1": {
    threshold: 0.70351,
    falseMatchRate: 0.000999,
    falseNonMatchRate: 0.0317,
    pairs: 179100,
    ownPairs: 600,
    madeBy: "benchmarks/drawn-cast/calibrate.ts",
  },
};
