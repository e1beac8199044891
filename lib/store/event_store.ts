/**
 * Keeps events in a database, each once: the events of a batch, the aggregates and the next offset are written in one transaction.
 *
 * @module
 */

import { messageOf, OutageError } from "../base/errors.ts";
import { throughOutages } from "../base/retry.ts";
import type { BatchHandler } from "../consume/handler.ts";
import { OffsetMovedError, type OffsetStore } from "../consume/offset_store.ts";
import { type TimedEvent, withTimes } from "./aggregate.ts";
import type { StoreTelemetry } from "../events/telemetry.ts";
import { type Database, insert, query, type Work } from "./database.ts";
import { POSITIONS } from "./migrations.ts";
import type { StoredEvent } from "./stored_event.ts";
import { latestTime } from "./window.ts";

/** What becomes of the store's messages, and what ends its waits. */
export interface EventStoreOptions {
  /** The database. Its tables have to be there. */
  readonly database: Database;
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

/** What is kept with the group's offsets in Kafka, so that nobody takes these for where reading goes on. */
export const STORE_NOTE = "store";

/** Makes what keeps the events of a topic. */
export function eventStore<T>(
  kept: StoredEvent<T>,
  options: EventStoreOptions,
) {
  const { database, topic, notify, signal, stored, telemetry } = options;
  const { table, aggregates } = kept;
  const isTimed = aggregates.some(({ isWindowed }) => isWindowed);
  const places = new Map<number, Place>();
  let isWaiting = false;

  /** Runs a transaction, and reports when the database is away and when it is back. */
  const attempt = async <R>(work: () => Work<R>): Promise<R> => {
    try {
      const result = await database.transaction(work);
      if (isWaiting) {
        telemetry?.waiting("database", false);
        notify?.("No longer waiting for the database.");
      }
      isWaiting = false;
      return result;
    } catch (error) {
      if (error instanceof OutageError && !isWaiting) {
        isWaiting = true;
        telemetry?.waiting("database", true);
        notify?.(`${messageOf(error)}. Waiting for it...`);
      }
      throw error;
    }
  };

  const movedError = (partition: number) => {
    places.delete(partition);
    return new OffsetMovedError(
      `Another member has moved the offset of ${topic} [${partition}] in the database '${database.name}'`,
    );
  };

  /** Moves the offset, unless another member has moved it since this one knew it: the fence. */
  function* movePosition(
    partition: number,
    { from, to }: { readonly from: Place; readonly to: Place },
  ): Work<boolean> {
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

  function* addPosition(partition: number, next: bigint): Work<boolean> {
    const added = yield* insert({
      table: POSITIONS,
      rows: [[topic, partition, String(next), null]],
      returning: "partition",
    });
    return added.length === 1;
  }

  /** Moves the offset past messages that are not kept. False if the partition is another member's. */
  const move = async (partition: number, next: bigint): Promise<boolean> => {
    const from = places.get(partition);
    if (from && next <= from.next) return next === from.next;
    const to = { next, latestMs: from?.latestMs ?? -Infinity };
    const work = () =>
      from
        ? movePosition(partition, { from, to })
        : addPosition(partition, next);
    const moved = await throughOutages(() => attempt(work), { signal });
    if (moved === undefined) {
      throw new OutageError(`The database '${database.name}' is away`);
    }
    if (moved) places.set(partition, to);
    else places.delete(partition);
    return moved;
  };

  /**
   * Writes a batch, or nothing of it.
   *
   * @throws {OffsetMovedError} If another member has moved the partition's offset.
   */
  const write: BatchHandler<T> = async ({ partition, records }) => {
    const from = places.get(partition);
    const last = records.at(-1);
    if (!from || !last) throw movedError(partition);
    const rows = records.map((record) => kept.rowOf(record.event, record));
    const events = withTimes(records.map(({ event }) => event), {
      type: isTimed ? kept.type : undefined,
      latestMs: from.latestMs,
    });
    const { atMs, latestMs } = events.at(-1) as TimedEvent<T>;
    const to: Place = {
      next: BigInt(last.offset) + 1n,
      latestMs: latestTime(latestMs, atMs),
    };
    const work = function* (): Work<number> {
      if (!(yield* movePosition(partition, { from, to }))) {
        throw movedError(partition);
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
    };
    const writing = telemetry?.writing(records.length);
    const run = () => attempt(work);
    let added: number;
    try {
      added = await (writing ? writing.call(run) : run());
    } catch (error) {
      writing?.failed(error);
      throw error;
    }
    writing?.written(added);
    places.set(partition, to);
    stored?.({ partition, count: records.length, added });
  };

  const load = async (): Promise<ReadonlyMap<number, bigint>> => {
    const rows = await attempt(() =>
      query(
        "SELECT partition, CAST(next AS TEXT) AS next, latest_event_at FROM positions WHERE topic = ?",
        [topic],
      )
    );
    places.clear();
    for (const { partition, next, latest_event_at: latest } of rows) {
      places.set(Number(partition), {
        next: BigInt(String(next)),
        latestMs: latest === null ? -Infinity : Date.parse(String(latest)),
      });
    }
    return new Map([...places].map(([partition, { next }]) => [
      partition,
      next,
    ]));
  };

  /** Keeps the group's offsets in the database, and in Kafka for the lag alone. */
  const offsets = (kafka: OffsetStore): OffsetStore => ({
    load,
    save: async (positions) => {
      const saved = new Map<number, bigint>();
      for (const [partition, next] of positions) {
        if (await move(partition, next)) saved.set(partition, next);
      }
      if (saved.size > 0) await kafka.save(saved, STORE_NOTE);
    },
  });

  return { write, offsets };
}
