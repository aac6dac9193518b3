interface Range {
  readonly address: number;
  readonly bytes: number;
}

/** What was given back of a memory, in the order of addresses; neighbours are one range. */
export class FreeRanges {
  readonly #ranges: Range[] = [];

  /** The address of the first place that is large enough; undefined where there is none. */
  take(bytes: number): number | undefined {
    const i = this.#ranges.findIndex((range) => range.bytes >= bytes);
    const range = this.#ranges[i];
    if (range === undefined) return undefined;
    const rest = { address: range.address + bytes, bytes: range.bytes - bytes };
    this.#ranges.splice(i, 1, ...(rest.bytes > 0 ? [rest] : []));
    return range.address;
  }

  give(address: number, bytes: number): void {
    const i = this.#firstBehind(address);
    const before = this.#ranges[i - 1];
    const behind = this.#ranges[i];
    const joinsBefore = before !== undefined && before.address + before.bytes === address;
    const joinsBehind = behind !== undefined && address + bytes === behind.address;
    const start = joinsBefore ? before.address : address;
    const end = joinsBehind ? behind.address + behind.bytes : address + bytes;
    this.#ranges.splice(i - Number(joinsBefore), Number(joinsBefore) + Number(joinsBehind), {
      address: start,
      bytes: end - start,
    });
  }

  /** The number of the first range behind an address. */
  #firstBehind(address: number): number {
    let low = 0;
    let high = this.#ranges.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#ranges[middle]?.address ?? 0) < address) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
