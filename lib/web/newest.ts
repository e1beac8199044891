/**
 * The newest of many messages, as far as there is room.
 *
 * @module
 */

/** How long the values are together that are kept, in bytes. A longer one is kept alone. */
const MAX_BYTES = 4 * 2 ** 20;

/** Keeps the newest of the messages that it gets. */
export class Newest<T extends { readonly value: Uint8Array | null }> {
  readonly #limit: number;
  readonly #timeOf: (message: T) => number;
  /** The oldest first. */
  #kept: T[] = [];
  #bytes = 0;
  /** Whether there were others. */
  hasMore = false;

  /** @param timeOf Tells which one is newer; by default, the one that comes later. */
  constructor(limit: number, timeOf: (message: T) => number = () => 0) {
    this.#limit = limit;
    this.#timeOf = timeOf;
  }

  add(message: T): void {
    const time = this.#timeOf(message);
    const at = this.#kept.findLastIndex((other) => this.#timeOf(other) <= time);
    this.#kept.splice(at + 1, 0, message);
    this.#bytes += message.value?.length ?? 0;
    while (
      this.#kept.length > this.#limit ||
      this.#kept.length > 1 && this.#bytes > MAX_BYTES
    ) {
      this.#bytes -= this.#kept.shift()?.value?.length ?? 0;
      this.hasMore = true;
    }
  }

  /** Takes out what is kept, the oldest first. */
  take(): T[] {
    const taken = this.#kept;
    this.#kept = [];
    this.#bytes = 0;
    return taken;
  }
}
