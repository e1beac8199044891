/**
 * Commits offsets as fast as the broker accepts them, one commit at a time.
 *
 * A commit takes some milliseconds: Kafka's group coordinator waits for others to write along with it. While one is under way,
 * further messages may be processed, and the next commit covers them all. So at low rates each message has its own commit; under
 * load a commit covers many.
 *
 * @module
 */

/** What to commit: for each partition, the offset of the last message that was processed. */
export type Positions = ReadonlyMap<number, string>;

/** Commits positions, unless they are forgotten before it can. */
export type Commit = (
  positions: Positions,
  isForgotten: () => boolean,
) => Promise<void>;

/** The part of the consumer's loop that commits. */
export class OffsetCommitter {
  readonly #commit: Commit;
  #waiting = new Map<number, string>();
  #underWay: Promise<void> | undefined;
  #failure: { readonly error: unknown } | undefined;
  /** Incremented by {@linkcode forget}, so that a commit that fails afterwards marks nothing again. */
  #epoch = 0;

  constructor(commit: Commit) {
    this.#commit = commit;
  }

  /**
   * Marks every message of a partition up to an offset as processed, and starts a commit unless one is under way.
   *
   * @param processed The offset of the last one processed. The commit adds 1 to it, as later marks replace most.
   */
  mark(partition: number, processed: string): void {
    this.#waiting.set(partition, processed);
    if (!this.#underWay && !this.#failure) this.#start();
  }

  /** Waits until everything marked so far is committed. After a failure, which it throws, the offsets stay marked for the next flush. */
  async flush(): Promise<void> {
    if (this.#failure) {
      this.#failure = undefined;
      if (this.#waiting.size > 0) this.#start();
    }
    while (this.#underWay) await this.#underWay;
    // The commit that was waited for may have set it, which narrowing doesn't see.
    const failure = this.#failure as { readonly error: unknown } | undefined;
    if (failure) throw failure.error;
  }

  /** Whether the last commit failed. The next {@linkcode flush} tries again. */
  get failed(): boolean {
    return this.#failure !== undefined;
  }

  /** Whether an offset is marked that is not known to be committed: the answer to a commit may be missing. */
  get behind(): boolean {
    return this.#underWay !== undefined || this.#waiting.size > 0;
  }

  /** Forgets what is marked and not committed: another member of the group may have the partitions by now. */
  forget(): void {
    this.#waiting.clear();
    this.#failure = undefined;
    this.#epoch++;
  }

  #start(): void {
    const positions = this.#waiting;
    const epoch = this.#epoch;
    this.#waiting = new Map();
    const isForgotten = () => epoch !== this.#epoch;
    this.#underWay = this.#commit(positions, isForgotten).then(
      () => {
        this.#underWay = undefined;
        if (this.#waiting.size > 0) this.#start();
      },
      (error) => {
        this.#underWay = undefined;
        if (isForgotten()) {
          // What was to be committed is forgotten; what was marked since then is not.
          if (this.#waiting.size > 0) this.#start();
          return;
        }
        this.#failure = { error };
        for (const [partition, next] of positions) {
          if (!this.#waiting.has(partition)) {
            this.#waiting.set(partition, next);
          }
        }
      },
    );
  }
}
