/**
 * Reading a topic's messages from a place to another, with no consumer group: nothing is joined and nothing is committed.
 *
 * @module
 */

import { throughOutages } from "../base/retry.ts";
import { inTime } from "./cluster.ts";
import { ClusterClient } from "./cluster_client.ts";
import { isKafkaOutage } from "./errors.ts";
import type { Message } from "./message.ts";
import { FetchedPartition } from "./patches/fetched_partition.ts";

/** Which offsets of a partition to read. */
export interface Span {
  /** The offset of the first message. */
  readonly from: bigint;
  /** The offset after the last message; undefined to read on without end. */
  readonly to: bigint | undefined;
}

/** A message, and where it is. */
export interface PartitionMessage {
  readonly partition: number;
  readonly message: Message;
}

/** How long a fetch waits at the broker for a message, in milliseconds. Equals `fetch.max.wait.ms`. */
const MAX_WAIT_MS = 500;
/** How much a fetch takes of a partition, and in all, in bytes. Equals `max.partition.fetch.bytes` and `fetch.max.bytes`. */
const MAX_BYTES = 1_048_576;
/** How many fetches may bring nothing at all before a partition's end counts as out of reach: an open transaction holds it back. */
const MAX_EMPTY_COUNT = 3;
/** How many messages are read at a time, about. */
const PIECE_COUNT = 500;
/** How long an outage of a broker is waited out by default, in milliseconds. */
const OUTAGE_MS = 15_000;

/** A client that reads without a group. */
export class TopicReader extends ClusterClient {
  /** Reads messages, each partition's in their sequence. Rolled-back ones are left out. */
  async *read(
    topic: string,
    options: {
      readonly spans: ReadonlyMap<number, Span>;
      readonly signal?: AbortSignal | undefined;
      /** How long an outage of a broker is waited out, in milliseconds. By default: `15000`. */
      readonly outageMs?: number;
    },
  ): AsyncGenerator<PartitionMessage> {
    const { spans, signal, outageMs = OUTAGE_MS } = options;
    await inTime(this.cluster.addTargetTopic(topic));
    const next = new Map(
      [...spans].map(([number, { from }]) => [number, from]),
    );
    const empty = new Map<number, number>();
    const isOpen = (partition: number) => {
      const to = spans.get(partition)?.to;
      return to === undefined ||
        (next.get(partition) ?? to) < to &&
          (empty.get(partition) ?? 0) < MAX_EMPTY_COUNT;
    };
    while (!signal?.aborted) {
      const open = new Map([...next].filter(([number]) => isOpen(number)));
      if (open.size === 0) return;
      const fetches = await this.#fetch(topic, {
        places: open,
        signal,
        outageMs,
      });
      let hasMoved = false;
      for (const fetched of fetches) {
        const { partition } = fetched;
        const to = spans.get(partition)?.to;
        for (const { messages, nextOffset } of fetched.pieces(PIECE_COUNT)) {
          hasMoved = true;
          empty.delete(partition);
          // It is asked for last next time: what others have may have had no room.
          next.delete(partition);
          next.set(partition, nextOffset);
          for (const message of messages) {
            if (to !== undefined && BigInt(message.offset) >= to) break;
            yield { partition, message };
          }
        }
      }
      if (hasMoved) continue;
      for (const [number] of open) {
        empty.set(number, (empty.get(number) ?? 0) + 1);
      }
    }
  }

  async #fetch(
    topic: string,
    { places, signal, outageMs }: {
      readonly places: ReadonlyMap<number, bigint>;
      readonly signal: AbortSignal | undefined;
      readonly outageMs: number;
    },
  ): Promise<FetchedPartition[]> {
    const offsetOf = (partition: number) => String(places.get(partition) ?? 0n);
    let isRetry = false;
    const answers = await throughOutages(async () => {
      if (isRetry) await inTime(this.cluster.refreshMetadata());
      isRetry = true;
      const leaders = this.cluster
        .findLeaderForPartitions(topic, [...places.keys()]);
      return await Promise.all(
        Object.entries(leaders).map(async ([nodeId, partitions]) => {
          const broker = await inTime(this.cluster.findBroker({ nodeId }));
          return await inTime(broker.fetch({
            maxWaitTime: MAX_WAIT_MS,
            minBytes: 1,
            maxBytes: MAX_BYTES,
            topics: [{
              topic,
              partitions: partitions.map((partition) => ({
                partition,
                fetchOffset: offsetOf(partition),
                maxBytes: MAX_BYTES,
              })),
            }],
          }));
        }),
      );
    }, { isOutage: isKafkaOutage, signal, timeoutMs: outageMs });
    return (answers ?? [])
      .flatMap(({ responses }) => responses)
      .flatMap(({ partitions }) => partitions)
      .map((data) =>
        new FetchedPartition(topic, offsetOf(data.partition), data)
      );
  }
}
