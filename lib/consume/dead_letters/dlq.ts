/**
 * Looking at a topic's dead letters, and sending them back.
 *
 * @module
 */

import type { Config } from "../../settings/config.ts";
import { consumeMessages, type MessageProcess } from "../consumer_loop.ts";
import {
  type DeadLetterInfo,
  deadLetterTopic,
  readDeadLetter,
  replayHeaders,
} from "./dead_letter.ts";
import type { Admin } from "../../kafka/admin.ts";
import {
  connectWithin,
  createKafka,
  type KafkaClient,
  type KafkaOptions,
} from "../../kafka/client.ts";
import {
  explainKafkaError,
  isKafkaOutage,
  protocolCodeOf,
} from "../../kafka/errors.ts";
import type { Message } from "../../kafka/message.ts";
import type { MessageProducer } from "../../kafka/message_producer.ts";
import { sendLetter } from "./letter_producer.ts";
import { throughOutages, type WaitOptions } from "../../base/retry.ts";
import type { Position } from "../../events/record.ts";
import {
  checkTopicName,
  describeTopic,
  missingTopic,
} from "../../kafka/topic.ts";

/** A dead letter. */
export interface DeadLetter extends Position, DeadLetterInfo {
  /** The original message's timestamp, in milliseconds since 1970 UTC. */
  readonly timestamp: number;
  /** The original message's key, in bytes. */
  readonly key: Uint8Array | null;
  /** The original message's value, in bytes. */
  readonly value: Uint8Array | null;
  /** Whether it was sent back already. */
  readonly replayed: boolean;
}

/** What to do with a topic's dead letters, and whom to tell. */
export interface DeadLetterOptions extends KafkaOptions, WaitOptions {
  /** The topic that the messages came from. */
  readonly topic: string;
  /** Stops early. */
  readonly signal?: AbortSignal;
}

/** What became of a replay. */
export interface ReplaySummary {
  /** How many letters were sent back. */
  readonly replayed: number;
  /** How many could not be: a whole batch, or what wrote them didn't say where they come from. */
  readonly skipped: number;
}

/** How long a read waits for letters that the topic's end promises and no longer has, in milliseconds. */
const IDLE_EXIT_MS = 5_000;
const SESSION_TIMEOUT_MS = 10_000;

/**
 * Names the group whose committed offset marks what was replayed.
 *
 * @param topic The topic that the messages came from.
 * @returns The group's name.
 */
export function replayGroup(topic: string): string {
  return `cafe-dlq-replay-${topic}`;
}

interface Session {
  readonly kafka: KafkaClient;
  readonly admin: Admin;
  readonly letters: string;
}

/** Runs some work where the topic of the letters exists; there is nothing to do where it doesn't. */
async function withLetters<T>(
  config: Config,
  options: DeadLetterOptions,
  work: (session: Session) => Promise<T>,
): Promise<T | undefined> {
  const letters = deadLetterTopic(checkTopicName(options.topic));
  const kafka = await createKafka(config, {
    clientId: "cafe-event-dlq",
    ...options,
  });
  const admin = await connectWithin(kafka.admin(), config, options);
  try {
    if (!await describeTopic(admin, letters)) {
      await requireTopic(admin, options.topic);
      return undefined;
    }
    return await work({ kafka, admin, letters });
  } catch (error) {
    throw explainKafkaError(error, config, `Reading ${letters}`);
  } finally {
    await admin.disconnect().catch(() => {});
  }
}

/** A topic that isn't there has no letters either, but as a rule its name is mistyped. */
async function requireTopic(admin: Admin, topic: string): Promise<void> {
  try {
    if (await describeTopic(admin, topic)) return;
  } catch (error) {
    // Reading letters takes no right on the topic itself.
    if (protocolCodeOf(error) === "TOPIC_AUTHORIZATION_FAILED") return;
    throw error;
  }
  throw missingTopic(topic);
}

/**
 * Lists a topic's dead letters, oldest first in each partition. It leaves no trace in Kafka.
 *
 * @param config Where Kafka is.
 * @param onLetter Called with each letter; the next waits for the promise.
 * @param options The topic, and whom to tell of a wait.
 * @returns How many letters there are; nothing where the topic of the letters doesn't exist.
 * @throws {PipelineError} If Kafka can't be reached, or refuses.
 */
export async function listDeadLetters(
  config: Config,
  onLetter: (letter: DeadLetter) => void | Promise<void>,
  options: DeadLetterOptions,
): Promise<number | undefined> {
  return await withLetters(
    config,
    options,
    async ({ kafka, admin, letters }) => {
      const replayedTo = await admin.committedOffsets(
        replayGroup(options.topic),
        letters,
      );
      // kafkajs reads only as a member of a group.
      const group = `cafe-dlq-list-${crypto.randomUUID()}`;
      let count = 0;
      await consumeMessages(kafka, (partition, message) => {
        count++;
        const info = readDeadLetter(message.headers);
        const shown = onLetter({
          ...info,
          topic: letters,
          partition,
          offset: message.offset,
          timestamp: message.timestamp,
          key: message.key,
          value: message.value,
          replayed: info.origin?.topic === options.topic &&
            BigInt(message.offset) < (replayedTo.get(partition) ?? -1n),
        });
        return shown instanceof Promise ? shown.then(() => true) : true;
      }, loopOptions(options, letters, group, false));
      await admin.deleteGroup(group).catch(() => {});
      return count;
    },
  );
}

/**
 * Sends a topic's dead letters back to where they came from, each once: a committed offset marks what was sent. After a crash
 * between the two, the letter in hand is sent once more.
 *
 * The key, the value and the message's own headers go back as they are, with the count of attempts; the timestamp is that of
 * the sending, so that retention doesn't take an old message at once.
 *
 * @param config Where Kafka is.
 * @param onReplayed Called with each letter that was sent back, and awaited: where it was, and where it is now; nowhere if what wrote it
 * didn't say where it comes from, or it is a whole batch.
 * @param options The topic, and whom to tell of a wait.
 * @returns How many letters were sent back; nothing where the topic of the letters doesn't exist.
 * @throws {PipelineError} If Kafka can't be reached, or refuses.
 */
export async function replayDeadLetters(
  config: Config,
  onReplayed: (
    letter: Position,
    to: Position | undefined,
  ) => void | Promise<void>,
  options: DeadLetterOptions,
): Promise<ReplaySummary | undefined> {
  return await withLetters(
    config,
    options,
    async ({ kafka, admin, letters }) => {
      const source = await describeTopic(admin, options.topic);
      if (!source) throw missingTopic(options.topic);
      const producer = await connectWithin(
        kafka.producer(),
        config,
        options,
      );
      let replayed = 0;
      let skipped = 0;
      const replay: MessageProcess = async (partition, message, { signal }) => {
        const letter: Position = {
          topic: letters,
          partition,
          offset: message.offset,
        };
        const { origin, batch } = readDeadLetter(message.headers);
        if (origin?.topic !== options.topic || batch !== undefined) {
          skipped++;
          await onReplayed(letter, undefined);
          return true;
        }
        const to = await sendBack(producer, message, {
          ...origin,
          // The topic may have been recreated with fewer of them.
          partition: origin.partition % source.partitions,
        }, { ...options, signal });
        if (!to) return false;
        replayed++;
        await onReplayed(letter, to);
        return true;
      };
      try {
        const group = replayGroup(options.topic);
        await consumeMessages(
          kafka,
          replay,
          loopOptions(options, letters, group, true),
        );
        return { replayed, skipped };
      } finally {
        await producer.disconnect().catch(() => {});
      }
    },
  );
}

function loopOptions(
  options: DeadLetterOptions,
  topic: string,
  group: string,
  commit: boolean,
) {
  return {
    ...options,
    topic,
    group,
    commit,
    from: "earliest",
    untilEnd: true,
    idleExitMs: IDLE_EXIT_MS,
    sessionTimeoutMs: SESSION_TIMEOUT_MS,
  } as const;
}

async function sendBack(
  producer: MessageProducer,
  message: Message,
  to: Position,
  options: WaitOptions & { readonly signal: AbortSignal },
): Promise<Position | undefined> {
  const { key, value, headers } = message;
  const { signal, notify } = options;
  return await throughOutages(
    () =>
      sendLetter(producer, to, { key, value, headers: replayHeaders(headers) }),
    {
      isOutage: isKafkaOutage,
      signal,
      begins: () => notify?.("Waiting for Kafka to take a letter back..."),
      ends: () => notify?.("No longer waiting for Kafka."),
    },
  );
}
