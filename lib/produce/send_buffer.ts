/**
 * The memory that events take while they wait for their outcome.
 *
 * @module
 */

/** Counts the bytes of events under way, and holds a fast source back. */
export class SendBuffer {
  readonly #maxBytes: number;
  #bytes = 0;
  #room: PromiseWithResolvers<void> | undefined;
  #unbounded = false;

  /** @param maxBytes From how many bytes on the source is held back. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Counts an event's bytes; negative once it has its outcome. */
  add(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes < this.#maxBytes) this.#release();
  }

  /** Holds nothing back any more: events fail from now on. */
  unbound(): void {
    this.#unbounded = true;
    this.#release();
  }

  /** Waits for room. Returns a promise of room; undefined if there is room already. */
  room(): Promise<void> | undefined {
    if (this.#unbounded || this.#bytes < this.#maxBytes) return undefined;
    this.#room ??= Promise.withResolvers();
    return this.#room.promise;
  }

  #release(): void {
    this.#room?.resolve();
    this.#room = undefined;
  }
}
