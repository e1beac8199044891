/**
 * Keeps events in a database, each once: the events of a batch, the aggregates and the next offset are written in one transaction.
 *
 * @module
 */

import { messageOf, OutageError } from "../base/errors.ts";
import { throughOutages } from "../base/retry.ts";
import type { EventType } from "../events/event_type.ts";
import type { BatchHandler, EventBatch } from "../consume/handler.ts";
import { OffsetMovedError, type OffsetStore } from "../consume/offset_store.ts";
import { type TimedEvent, withTimes } from "./aggregate.ts";
import type { StoreTelemetry } from "../events/telemetry.ts";
import { type Database, insert, query, type Work } from "./database.ts";
import type { Value } from "./table.ts";
import { POSITIONS } from "./migrations.ts";
import type { StoredEvent } from "./stored_event.ts";
import { latestTime } from "./window.ts";

/** What becomes of the store's messages, and what ends its waits. */
export interface EventStoreOptions {
  readonly topic: string;
  /** Receives a line when a wait for the database begins or ends. */
  readonly notify?: ((line: string) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly stored?: ((batch: StoredBatch) => void) | undefined;
  readonly telemetry?: StoreTelemetry | undefined;
}

/** A batch that was written. */
export interface StoredBatch {
  /** Its partition. */
  readonly partition: number;
  /** How many events it had. */
  readonly count: number;
  /** How many of them were added. The others were there already. */
  readonly added: number;
}

/** Where a partition stands in the database, as far as this member knows. */
interface Place {
  readonly next: bigint;
  /** The latest time of the events before it, in milliseconds since the epoch; `-Infinity` if there are none. */
  readonly latestMs: number;
}

interface BatchWrite<T> {
  readonly rows: readonly (readonly Value[])[];
  readonly events: readonly TimedEvent<T>[];
  readonly from: Place;
  readonly to: Place;
}

/** What is kept with the group's offsets in Kafka, so that nobody takes these for where reading goes on. */
export const STORE_NOTE = "store";

/** Keeps the events of a topic. */
export class EventStore<T> {
  readonly #database: Database;
  readonly #stored: StoredEvent<T>;
  readonly #options: EventStoreOptions;
  /** The kind of event; undefined if no aggregate asks for their times. */
  readonly #timed: EventType<T> | undefined;
  readonly #places = new Map<number, Place>();
  #waiting = false;

  /** Makes it. The tables have to be there. */
  constructor(
    database: Database,
    stored: StoredEvent<T>,
    options: EventStoreOptions,
  ) {
    this.#database = database;
    this.#stored = stored;
    this.#options = options;
    const isTimed = stored.aggregates.some(({ isWindowed }) => isWindowed);
    this.#timed = isTimed ? stored.type : undefined;
  }

  /**
   * Writes a batch, or nothing of it.
   *
   * @throws {OffsetMovedError} If another member has moved the partition's offset.
   */
  readonly write: BatchHandler<T> = async (batch) => {
    const { partition, records } = batch;
    const place = this.#places.get(partition);
    const last = records.at(-1);
    if (!place || !last) throw this.#moved(partition);
    const rows = records.map((record) =>
      this.#stored.rowOf(record.event, record)
    );
    const events = withTimes(records.map(({ event }) => event), {
      type: this.#timed,
      latestMs: place.latestMs,
    });
    const { atMs, latestMs } = events.at(-1) as TimedEvent<T>;
    const to: Place = {
      next: BigInt(last.offset) + 1n,
      latestMs: latestTime(latestMs, atMs),
    };
    const writing = this.#options.telemetry?.writing(records.length);
    const write = () =>
      this.#attempt(() =>
        this.#writeBatch(batch, { rows, events, from: place, to })
      );
    let added: number;
    try {
      added = await (writing ? writing.call(write) : write());
    } catch (error) {
      writing?.failed(error);
      throw error;
    }
    writing?.written(added);
    this.#places.set(partition, to);
    this.#options.stored?.({ partition, count: records.length, added });
  };

  /** Keeps the group's offsets in the database, and in Kafka for the lag alone. */
  readonly offsets = (kafka: OffsetStore): OffsetStore => ({
    load: () => this.#load(),
    save: async (positions) => {
      const saved = new Map<number, bigint>();
      for (const [partition, next] of positions) {
        if (await this.#move(partition, next)) saved.set(partition, next);
      }
      if (saved.size > 0) await kafka.save(saved, STORE_NOTE);
    },
  });

  *#writeBatch(
    { partition, records }: EventBatch<T>,
    { rows, events, from, to }: BatchWrite<T>,
  ): Work<number> {
    const { table, aggregates } = this.#stored;
    if (!(yield* this.#movePosition(partition, from, to))) {
      throw this.#moved(partition);
    }
    const added = new Set(
      yield* insert({ table, rows, returning: "offset" }),
    );
    const counted = events.filter((_, at) =>
      added.has(records[at]?.offset ?? "")
    );
    for (const aggregate of aggregates) {
      const { table, merge } = aggregate;
      const rows = aggregate.rowsOf(counted, partition);
      yield* insert({ table, rows, merge });
    }
    return added.size;
  }

  /** Moves the offset, unless another member has moved it since this one knew it: the fence. */
  *#movePosition(partition: number, from: Place, to: Place): Work<boolean> {
    const { topic } = this.#options;
    const moved = yield* query(
      "UPDATE positions SET next = ?, latest_event_at = ? WHERE topic = ? AND partition = ? AND next = ? RETURNING partition",
      [
        String(to.next),
        to.latestMs === -Infinity ? null : new Date(to.latestMs).toISOString(),
        topic,
        partition,
        String(from.next),
      ],
    );
    return moved.length === 1;
  }

  async #load(): Promise<ReadonlyMap<number, bigint>> {
    const rows = await this.#attempt(() =>
      query(
        "SELECT partition, CAST(next AS TEXT) AS next, latest_event_at FROM positions WHERE topic = ?",
        [this.#options.topic],
      )
    );
    this.#places.clear();
    for (const { partition, next, latest_event_at: latest } of rows) {
      this.#places.set(Number(partition), {
        next: BigInt(String(next)),
        latestMs: latest === null ? -Infinity : Date.parse(String(latest)),
      });
    }
    return new Map([...this.#places].map(([partition, { next }]) => [
      partition,
      next,
    ]));
  }

  /** Moves the offset past messages that are not kept. False if the partition is another member's. */
  async #move(partition: number, next: bigint): Promise<boolean> {
    const place = this.#places.get(partition);
    if (place && next <= place.next) return true;
    const to = { next, latestMs: place?.latestMs ?? -Infinity };
    const moved = await throughOutages(
      () =>
        this.#attempt(() =>
          place
            ? this.#movePosition(partition, place, to)
            : this.#addPosition(partition, next)
        ),
      {
        signal: this.#options.signal,
      },
    );
    if (moved === undefined) {
      throw new OutageError(`The database '${this.#database.name}' is away`);
    }
    if (moved) this.#places.set(partition, to);
    else this.#places.delete(partition);
    return moved;
  }

  *#addPosition(partition: number, next: bigint): Work<boolean> {
    const { topic } = this.#options;
    const added = yield* insert({
      table: POSITIONS,
      rows: [[topic, partition, String(next), null]],
      returning: "partition",
    });
    return added.length === 1;
  }

  /** Runs a transaction, and reports when the database is away and when it is back. */
  async #attempt<R>(work: () => Work<R>): Promise<R> {
    const { notify, telemetry } = this.#options;
    try {
      const result = await this.#database.transaction(work);
      if (this.#waiting) {
        telemetry?.waiting("database", false);
        notify?.("No longer waiting for the database.");
      }
      this.#waiting = false;
      return result;
    } catch (error) {
      if (error instanceof OutageError && !this.#waiting) {
        this.#waiting = true;
        telemetry?.waiting("database", true);
        notify?.(`${messageOf(error)}. Waiting for it...`);
      }
      throw error;
    }
  }

  #moved(partition: number): OffsetMovedError {
    this.#places.delete(partition);
    return new OffsetMovedError(
      `Another member has moved the offset of ${this.#options.topic} [${partition}] in the database '${this.#database.name}'`,
    );
  }
}
