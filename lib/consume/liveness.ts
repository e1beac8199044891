/**
 * Whether a consumer is idle or stalled, and whether it had a gap between fetches.
 *
 * @module
 */

/** When the consumer counts as idle or stalled, and what to call then. */
export interface LivenessOptions {
  /** How long nothing has to come before the consumer is idle, in milliseconds. By default: `Infinity`. */
  readonly idleExitMs?: number | undefined;
  /** How long after the last answer to a fetch the consumer can't be idle, in milliseconds: Kafka may be out of reach. */
  readonly freshMs: number;
  /** How long a stall takes before it is reported, in milliseconds. By default: `90000`. */
  readonly stallMs?: number;
  readonly idle: () => void;
  readonly stalled: (stall: Stall) => void;
}

/** What a stalled consumer waits for. */
export interface Stall {
  /** `silent`: kafkajs shows no sign of life. `stuck`: fetches return no message, though there are some. */
  readonly kind: "silent" | "stuck";
  /** For how long, in milliseconds. */
  readonly forMs: number;
}

/** The default of {@linkcode LivenessOptions.stallMs}. */
const STALL_MS = 90_000;
/** How long after a fetch the next one has to come, or the topic may have been recreated meanwhile, in milliseconds. */
const FETCH_GAP_MS = 5_000;
/** How many fetches have to return nothing before the consumer is idle: the first may have begun before it was sent to its offsets. */
const EMPTY_FETCHES = 2;
/** The longest and the shortest interval of checks, in milliseconds. */
const MAX_CHECK_MS = 1_000;
const MIN_CHECK_MS = 20;

/** Keeps the times of a consumer's signs of life. */
export class Liveness {
  readonly #options: LivenessOptions;
  readonly #checkMs: number;
  #timer: ReturnType<typeof setInterval> | undefined;
  #lastCheckAt = Date.now();
  /** How long the process has run until the last check, in milliseconds. */
  #ranMs = 0;
  #aliveMs = 0;
  #activeMs = 0;
  #stuckMs: number | undefined;
  #answeredMs = -Infinity;
  #answeredAt = 0;
  #answersSinceActive = 0;
  #batchesInHand = 0;
  #hadFetchGap = false;

  /** Makes it. Checks begin with {@linkcode Liveness.watch}. */
  constructor(options: LivenessOptions) {
    this.#options = options;
    const { idleExitMs = Infinity } = options;
    this.#checkMs = Math.min(
      Math.max(idleExitMs / 10, MIN_CHECK_MS),
      MAX_CHECK_MS,
    );
  }

  /**
   * A clock that stands still while the process is suspended, in milliseconds: what waits for a suspended process has to be
   * handled before it is judged.
   */
  get #clockMs(): number {
    const sinceCheckMs = Math.max(Date.now() - this.#lastCheckAt, 0);
    return this.#ranMs + Math.min(sinceCheckMs, 2 * this.#checkMs);
  }

  get busy(): boolean {
    return this.#batchesInHand > 0;
  }

  /** Whether so much time has passed between two fetches that the topic may have been recreated. */
  get hadFetchGap(): boolean {
    return this.#hadFetchGap;
  }

  /** Records that the topic may have been recreated since the last fetch. */
  gap(): void {
    this.#hadFetchGap = true;
  }

  /** Forgets the gap, after the topic was looked up again. */
  clearFetchGap(): void {
    this.#hadFetchGap = false;
  }

  alive(): void {
    this.#aliveMs = this.#clockMs;
  }

  /** Records that a broker has answered a fetch. */
  answered(): void {
    this.alive();
    this.#answeredMs = this.#aliveMs;
    this.#answersSinceActive++;
    const now = Date.now();
    this.#hadFetchGap ||= this.#answeredAt > 0 &&
      now - this.#answeredAt > FETCH_GAP_MS;
    this.#answeredAt = now;
  }

  moved(): void {
    this.#stuckMs = undefined;
  }

  /** Records that a fetch returned no message though there are some. Returns for how long that has been so, in milliseconds. */
  stuck(): number {
    this.#stuckMs ??= this.#clockMs;
    return this.#clockMs - this.#stuckMs;
  }

  batchBegins(): void {
    this.#batchesInHand++;
  }

  batchEnds(): void {
    this.#batchesInHand--;
    this.active();
  }

  /** Begins to count anew for how long nothing comes. */
  active(): void {
    this.#activeMs = this.#clockMs;
    this.#answersSinceActive = 0;
  }

  /** Begins to check, unless it does already. */
  watch(): void {
    if (this.#timer !== undefined) return;
    this.#lastCheckAt = Date.now();
    this.#activeMs = this.#aliveMs = this.#ranMs;
    this.#answersSinceActive = 0;
    this.#timer = setInterval(() => this.#check(), this.#checkMs);
  }

  unwatch(): void {
    clearInterval(this.#timer);
  }

  #check(): void {
    const { idleExitMs = Infinity, freshMs, stallMs = STALL_MS } =
      this.#options;
    const { idle, stalled } = this.#options;
    const now = this.#ranMs = this.#clockMs;
    this.#lastCheckAt = Date.now();
    // kafkajs waits for it. Where the group no longer counts this member, no heartbeat is answered meanwhile.
    if (this.busy) this.#aliveMs = now;
    const silentMs = now - this.#aliveMs;
    if (silentMs > stallMs) {
      return stalled({ kind: "silent", forMs: silentMs });
    }
    if (this.#stuckMs !== undefined) {
      const forMs = now - this.#stuckMs;
      if (forMs > stallMs) stalled({ kind: "stuck", forMs });
      return;
    }
    // That nothing comes means something only while Kafka answers and no message is being processed.
    if (this.busy) this.#activeMs = now;
    else if (
      now - this.#answeredMs < freshMs &&
      now - this.#activeMs >= idleExitMs &&
      this.#answersSinceActive >= EMPTY_FETCHES
    ) idle();
  }
}
