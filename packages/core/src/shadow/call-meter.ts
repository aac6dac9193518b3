/** How one part did at one kind of call. */
export interface CallFigures {
  readonly calls: number;
  readonly failures: number;
  /** Of the last thousand calls that did not fail, in milliseconds; absent where there was none. */
  readonly medianMs?: number;
  readonly p95Ms?: number;
  /** What the calls cost, in the unit of the costs that were given; failed calls are taken to cost as much. */
  readonly cost: number;
}

/** So many times are kept, the last ones. */
const kept = 1000;

export class CallMeter {
  readonly #costPerCall: number;
  readonly #times: number[] = [];
  #calls = 0;
  #failures = 0;

  constructor(costPerCall: number) {
    this.#costPerCall = costPerCall;
  }

  /** Runs the call and takes its time. */
  async time<T>(call: () => Promise<T>): Promise<T> {
    const started = performance.now();
    try {
      const result = await call();
      this.#times[(this.#calls - this.#failures) % kept] = performance.now() - started;
      return result;
    } catch (error) {
      this.#failures++;
      throw error;
    } finally {
      this.#calls++;
    }
  }

  figures(): CallFigures {
    const sorted = [...this.#times].sort((a, b) => a - b);
    // Nearest rank.
    const quantile = (share: number): number | undefined => sorted[Math.ceil(share * sorted.length) - 1];
    const [medianMs, p95Ms] = [quantile(0.5), quantile(0.95)];
    return {
      calls: this.#calls,
      failures: this.#failures,
      ...(medianMs === undefined ? {} : { medianMs }),
      ...(p95Ms === undefined ? {} : { p95Ms }),
      cost: this.#calls * this.#costPerCall,
    };
  }
}
