/** How long everything is left alone after it came: a registration may be at it. */
export class Grace {
  readonly ms: number;

  constructor(ms: number) {
    this.ms = ms;
  }

  /** What has no date, or none that is one, is young as long as there is a grace at all. */
  isYoung(date: Date | undefined): boolean {
    if (this.ms === 0) return false;
    return !(date !== undefined && date.getTime() <= Date.now() - this.ms);
  }
}
