/**
 * Whether a consumer is idle, stalled, or was away.
 *
 * @module
 */

/** When nothing coming means something, and what it means then. */
export interface LivenessOptions {
  /** After how long with nothing to do the consumer is idle, in milliseconds; never where it is left out. */
  readonly idleExitMs?: number | undefined;
  /** After how long without a fetch nothing can be said of idleness, in milliseconds: Kafka may be out of reach. */
  readonly freshMs: number;
  /** Is called when the consumer is idle. */
  readonly idle: () => void;
  /** Is called when the consumer has stalled, with the time without a sign of life in milliseconds. */
  readonly stalled: (forMs: number) => void;
}

/** After how long without a sign of life from kafkajs the consumer counts as stalled, in milliseconds. */
const STALL_TIMEOUT_MS = 90_000;
/** After how long without a fetch the process was suspended, as a rule, in milliseconds. */
const AWAY_MS = 5_000;
/** How far apart the looks are at most and at least, in milliseconds. */
const MAX_LOOK_MS = 1_000;
const MIN_LOOK_MS = 20;

/** Keeps the times of a consumer's signs of life. */
export class Liveness {
  readonly #options: LivenessOptions;
  #timer: ReturnType<typeof setInterval> | undefined;
  #lastSignAt = Date.now();
  #lastFetchAt = 0;
  #lastActivityAt = 0;
  #batchesInHand = 0;
  #wasAway = false;

  /**
   * Makes it. Nothing is looked at before {@linkcode Liveness.watch}.
   *
   * @param options When nothing coming means something, and what it means then.
   */
  constructor(options: LivenessOptions) {
    this.#options = options;
  }

  /** Whether a batch is in hand. */
  get busy(): boolean {
    return this.#batchesInHand > 0;
  }

  /** Whether so much time once went by without a fetch that the topic may be another one by now. */
  get wasAway(): boolean {
    return this.#wasAway;
  }

  /** Notes a sign of life. */
  alive(): void {
    this.#lastSignAt = Date.now();
  }

  /** Notes a fetch that was answered. */
  fetched(): void {
    this.alive();
    const before = this.#lastFetchAt;
    this.#lastFetchAt = this.#lastSignAt;
    this.#wasAway ||= before > 0 && this.#lastFetchAt - before > AWAY_MS;
  }

  /** Notes that the topic was looked at again after a time away. */
  isBack(): void {
    this.#wasAway = false;
  }

  /** Notes that a batch is in hand. */
  batchBegins(): void {
    this.#batchesInHand++;
  }

  /** Notes that a batch is done. */
  batchEnds(): void {
    this.#batchesInHand--;
    this.#lastActivityAt = Date.now();
  }

  /** Begins to look, unless it does already. */
  watch(): void {
    if (this.#timer !== undefined) return;
    const { idleExitMs = Infinity } = this.#options;
    this.#lastActivityAt = Date.now();
    this.#timer = setInterval(
      () => this.#look(),
      Math.min(Math.max(idleExitMs / 10, MIN_LOOK_MS), MAX_LOOK_MS),
    );
  }

  /** Ends looking. */
  unwatch(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const { idleExitMs = Infinity, freshMs, idle, stalled } = this.#options;
    const now = Date.now();
    const silence = now - this.#lastSignAt;
    if (silence > STALL_TIMEOUT_MS) stalled(silence);
    // That nothing comes means something only while Kafka answers and no message is in hand.
    if (this.busy) this.#lastActivityAt = Date.now();
    else if (
      now - this.#lastFetchAt < freshMs &&
      now - this.#lastActivityAt >= idleExitMs
    ) idle();
  }
}
