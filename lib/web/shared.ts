/**
 * Answers that several pages share: who asks for the same within a moment gets the same.
 *
 * @module
 */

/** Answers, each kept for a moment. */
export class Shared {
  readonly #answers = new Map<string, Promise<unknown>>();

  /**
   * Returns an answer that is there or on its way, and else makes it.
   *
   * @param key What it answers.
   * @param options How to make it, and how long it is kept from then on, in milliseconds. A failure is not kept.
   * @returns The answer.
   */
  async get<T>(
    key: string,
    options: { readonly keptMs: number; readonly make: () => Promise<T> },
  ): Promise<T> {
    const { keptMs, make } = options;
    const there = this.#answers.get(key);
    if (there) return await there as T;
    const answer = make();
    const forget = () => {
      if (this.#answers.get(key) === answer) this.#answers.delete(key);
    };
    this.#answers.set(key, answer);
    answer.then(
      () => Deno.unrefTimer(setTimeout(forget, keptMs)),
      forget,
    );
    return await answer;
  }

  /** Forgets all answers, as something was changed. */
  clear(): void {
    this.#answers.clear();
  }
}
