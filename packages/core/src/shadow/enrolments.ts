/** One that was begun, from when it waits until it has ended. */
export class Enrolment {
  /** The member was erased before its turn came. */
  isErased = false;
  readonly #onEnd: () => void;
  #work: Promise<unknown> | undefined;

  constructor(onEnd: () => void) {
    this.#onEnd = onEnd;
  }

  /** Notes what is at work, whoever still waits for it. */
  run<T>(work: Promise<T>): Promise<T> {
    this.#work = work;
    return work;
  }

  /** Its turn is over; what is at work still may be. */
  end(): void {
    if (this.#work === undefined) this.#onEnd();
    else this.#work.then(this.#onEnd, this.#onEnd);
  }

  /** From here on it writes nothing, or has ended when the promise fulfils. */
  async erase(): Promise<void> {
    this.isErased = true;
    await this.#work?.catch(() => undefined);
  }
}

/** The enrolments that wait or are at work, by member. */
export class Enrolments {
  readonly #byMember = new Map<string, Set<Enrolment>>();

  begin(namespace: string, memberId: string): Enrolment {
    const key = JSON.stringify([namespace, memberId]);
    const ofMember = this.#byMember.get(key) ?? new Set<Enrolment>();
    this.#byMember.set(key, ofMember);
    const enrolment = new Enrolment(() => {
      ofMember.delete(enrolment);
      if (ofMember.size === 0 && this.#byMember.get(key) === ofMember) this.#byMember.delete(key);
    });
    ofMember.add(enrolment);
    return enrolment;
  }

  /** Fulfils when none of those that were begun writes any more. */
  async erase(namespace: string, memberId: string): Promise<void> {
    const ofMember = this.#byMember.get(JSON.stringify([namespace, memberId])) ?? [];
    await Promise.all([...ofMember].map((enrolment) => enrolment.erase()));
  }
}
