/** Lines of waiting work, by name: what stands in one is done in turn, and what fails holds nobody up. */
export class Lines {
  readonly #last = new Map<string, Promise<unknown>>();

  /** Whether anybody waits, or is at work. */
  has(name: string): boolean {
    return this.#last.has(name);
  }

  async run<Result>(name: string, work: () => Promise<Result>): Promise<Result> {
    const turn = (this.#last.get(name) ?? Promise.resolve()).then(work);
    const done = turn.catch(() => {});
    this.#last.set(name, done);
    try {
      return await turn;
    } finally {
      if (this.#last.get(name) === done) this.#last.delete(name);
    }
  }
}
