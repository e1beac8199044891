/**
 * The options that every way to consume has.
 *
 * @module
 */

import type { WaitOptions } from "../base/retry.ts";
import type { ConsumerTelemetry, Telemetry } from "../events/telemetry.ts";
import type { KafkaOptions } from "../kafka/client.ts";
import type { Config } from "../settings/config.ts";
import type { MessageObserver } from "./message_reader.ts";
import type { OffsetStore } from "./offset_store.ts";

/** The group that {@linkcode consume} joins by default. */
export const DEFAULT_GROUP = "cafe-event-consumer-group";

/** How to consume. */
export interface ConsumerOptions
  extends KafkaOptions, WaitOptions, Omit<MessageObserver, "notify"> {
  /** Where Kafka and the registry are. By default: `resolveConfig()`. */
  readonly config?: Config;
  /** The topic; it has to exist. By default: the event type's. */
  readonly topic?: string | undefined;
  /** The consumer group, whose members share the partitions. Equals `group.id`. By default: `cafe-event-consumer-group`. */
  readonly group?: string;
  /** Where to begin in a partition for which the group has no offset. Equals `auto.offset.reset`. By default: `earliest`. */
  readonly from?: "earliest" | "latest";
  /** Stop after so many events. By default: `Infinity`. */
  readonly count?: number | undefined;
  /** Stop when nothing came for so long, in milliseconds. By default: `Infinity`. */
  readonly idleExitMs?: number | undefined;
  /** Stops the consumer: it finishes the event in hand, commits and leaves the group. */
  readonly signal?: AbortSignal | undefined;
  /**
   * What becomes of a message that can't be read, or whose handler keeps failing: `dlq`, the default, keeps it in the topic
   * `<topic>.dlq`; `stop` ends the run with its offset not committed.
   */
  readonly onError?: "dlq" | "stop";
  /** How many times a handler that throws is called again before its event counts as failed. By default: `3`. */
  readonly handlerRetries?: number;
  /** The pause before the first of these retries, in milliseconds; it doubles each time, up to 30 s. By default: `200`. */
  readonly handlerBackoffMs?: number;
  /** Called once when a stop begins, before the connection is closed. */
  readonly stopping?: () => void;
  /**
   * Called before each commit, which waits for it: a handler that buffers its output writes it out here. If it throws, nothing is
   * committed and the run ends.
   */
  readonly beforeCommit?: () => Promise<void>;
  /** Where the group's offsets are kept, given where Kafka keeps them: a store keeps them along with its results. By default: Kafka's. */
  readonly offsets?: (kafka: OffsetStore) => OffsetStore;
  /** Called each time the group has assigned partitions to this member, once it is known where to begin in each. */
  readonly assigned?: (partitions: readonly number[]) => void;
  /**
   * After how long without a heartbeat the group counts this member as dead, in milliseconds. Overrides kafkajs' 30 s, so that a
   * crashed consumer's partitions are not idle for that long. Equals `session.timeout.ms`. By default: `10000`.
   */
  readonly sessionTimeoutMs?: number;
  /** Observes the run, for metrics and traces. */
  readonly telemetry?: Telemetry | undefined;
}

/** How the consumer's loop runs. */
export interface LoopOptions
  extends
    WaitOptions,
    Required<Pick<ConsumerOptions, "group" | "from" | "sessionTimeoutMs">>,
    Pick<
      ConsumerOptions,
      "offsets" | "idleExitMs" | "stopping" | "beforeCommit" | "assigned"
    > {
  /** The topic; it has to exist. */
  readonly topic: string;
  readonly telemetry?: ConsumerTelemetry | undefined;
}
