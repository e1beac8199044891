/**
 * Answers that several pages share: who asks for the same within a moment gets the same.
 *
 * @module
 */

/** How an answer is made and kept. */
export interface SharedOptions<T> {
  /** Makes it. */
  readonly make: () => Promise<T>;
  /** For how long it is kept from when it is there, in milliseconds. */
  readonly keptMs: number;
  /** For how long a failure is kept, in milliseconds. By default: 0. */
  readonly failureKeptMs?: number;
}

/** An answer that is there, or on its way. */
interface Kept {
  readonly answer: Promise<unknown>;
  /** Until when it is kept, in milliseconds since the epoch. */
  until: number;
}

/** Answers, each kept for a moment. */
export class Shared {
  readonly #answers = new Map<string, Kept>();

  /** Returns an answer that is there or on its way, and else makes it. */
  async get<T>(key: string, options: SharedOptions<T>): Promise<T> {
    const { make, keptMs, failureKeptMs = 0 } = options;
    const now = Date.now();
    for (const [other, { until }] of this.#answers) {
      if (until <= now) this.#answers.delete(other);
    }
    const there = this.#answers.get(key);
    if (there) return await there.answer as T;
    const answer = make();
    const kept: Kept = { answer, until: Infinity };
    this.#answers.set(key, kept);
    try {
      const value = await answer;
      kept.until = Date.now() + keptMs;
      return value;
    } catch (error) {
      kept.until = Date.now() + failureKeptMs;
      throw error;
    }
  }

  /** Forgets all answers, as something was changed. */
  clear(): void {
    this.#answers.clear();
  }
}
