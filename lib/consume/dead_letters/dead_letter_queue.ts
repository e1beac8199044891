/**
 * Where messages are kept that can't be read, or whose handler fails: the topic `<topic>.dlq`.
 *
 * @module
 */

import {
  deadLetterHeaders,
  type DeadLetterReason,
  deadLetterTopic,
} from "./dead_letter.ts";
import {
  explainKafkaError,
  isKafkaOutage,
  protocolCodeOf,
} from "../../kafka/errors.ts";
import type { Admin, TopicLayout } from "../../kafka/admin.ts";
import type { KafkaClient } from "../../kafka/client.ts";
import type { Message } from "../../kafka/message.ts";
import type { MessageProducer } from "../../kafka/message_producer.ts";
import { throughOutages, type WaitOptions } from "../../base/retry.ts";
import type { Position } from "../../events/record.ts";
import {
  checkTopicName,
  describeTopic,
  ensureTopic,
  missingTopic,
} from "../../kafka/topic.ts";
import { messageOf, PipelineError, UsageError } from "../../base/errors.ts";

/** How much larger than its message a letter may be, for its headers, in bytes. */
const HEADROOM_BYTES = 65_536;
/** What a topic takes if nothing else is set, in bytes: Kafka's default. */
const DEFAULT_MAX_MESSAGE_BYTES = 1_048_588;
/** Kafka's largest number: no limit. */
const UNLIMITED = String(2n ** 63n - 1n);

const SIZE = "max.message.bytes";
/** Settings that limit a message's time. Kafka has them from 3.6 on. */
const TIME_LIMITS = {
  "message.timestamp.after.max.ms": UNLIMITED,
  "message.timestamp.before.max.ms": UNLIMITED,
};
/** What makes a topic take whatever another one took, and keep it. */
const KEEPS_EVERYTHING = {
  "cleanup.policy": "delete",
  // A letter has its message's timestamp: by time, retention would remove that of an old message immediately.
  "retention.ms": "-1",
  "retention.bytes": "-1",
  "message.timestamp.type": "CreateTime",
};
/** Which settings of the letters' topic refuse what the source took, by Kafka's code. */
const REFUSING_SETTINGS: Readonly<Record<string, readonly string[]>> = {
  MESSAGE_TOO_LARGE: [SIZE],
  INVALID_TIMESTAMP: Object.keys(TIME_LIMITS),
  // A compacted topic takes no message without a key.
  INVALID_RECORD: ["cleanup.policy"],
};

/**
 * Checks that a topic's letters have a topic or can get one: otherwise the first letter would end the run. Whether this user may create
 * it is not checked.
 *
 * @throws {PipelineError} If Kafka refuses the name: it is too long, or collides with another topic's.
 */
export async function checkLetterTopic(
  admin: Admin,
  source: string,
): Promise<void> {
  const topic = deadLetterTopic(source);
  try {
    checkTopicName(topic);
    await admin.createTopic({
      topic,
      partitions: 1,
      replicationFactor: 1,
      validateOnly: true,
    });
  } catch (cause) {
    const isRefused = cause instanceof UsageError ||
      protocolCodeOf(cause) === "INVALID_TOPIC_EXCEPTION";
    if (!isRefused) return;
    throw new PipelineError(
      `The topic for dead letters, '${topic}', can't be created: Kafka refuses its name`,
      {
        cause,
        hint:
          "A name has at most 249 characters, and no two topics may have names that differ in dots and underscores only.",
      },
    );
  }
}

/** Where a topic's dead letters go: see {@linkcode deadLetterQueue}. */
export type DeadLetterQueue = ReturnType<typeof deadLetterQueue>;

/** Makes what writes a topic's dead letters. It connects, and creates their topic, when the first one comes. */
export function deadLetterQueue(
  kafka: KafkaClient,
  source: { readonly topic: string; readonly group: string },
  { notify }: WaitOptions,
) {
  const { group } = source;
  const topic = deadLetterTopic(source.topic);
  let open:
    | Promise<
      { readonly producer: MessageProducer; readonly partitions: number }
    >
    | undefined;

  const withAdmin = async <T>(
    work: (admin: Admin) => Promise<T>,
  ): Promise<T> => {
    const admin = kafka.admin();
    await admin.connect();
    try {
      return await work(admin);
    } finally {
      await admin.disconnect();
    }
  };

  const connect = async () => {
    const { partitions } = await withAdmin((admin) =>
      layoutOf(admin, { topic, source: source.topic })
    );
    const producer = kafka.producer();
    await producer.connect();
    return { producer, partitions };
  };

  const ready = async () => {
    open ??= connect();
    try {
      return await open;
    } catch (error) {
      open = undefined;
      throw error;
    }
  };

  /**
   * Changes the settings of the letters' topic that refuse a letter: the topic was made by hand, or the source's settings were
   * changed since.
   */
  const repair = (
    names: readonly string[],
    { message, refusal }: {
      readonly message: Message;
      readonly refusal: unknown;
    },
  ) =>
    withAdmin(async (admin) => {
      const own = (message.key?.length ?? 0) + (message.value?.length ?? 0);
      const bytes = await maxMessageBytes(admin, source.topic) ?? 0;
      const wanted: Readonly<Record<string, string>> = {
        ...KEEPS_EVERYTHING,
        ...TIME_LIMITS,
        [SIZE]: String(Math.max(own, bytes) + HEADROOM_BYTES),
      };
      const changes = names.map((name) => [name, wanted[name] ?? ""] as const);
      const assignments = changes.map(([name, value]) => `${name}=${value}`);
      try {
        await admin.alterTopicSettings(topic, new Map(changes));
      } catch (error) {
        if (isKafkaOutage(error)) throw error;
        throw new PipelineError(
          `Topic '${topic}' refuses a dead letter: ${
            messageOf(refusal).replace(/\.$/, "")
          }`,
          {
            cause: error,
            hint: `Set ${
              assignments.join(" and ")
            } on it. A user with the rights DescribeConfigs and AlterConfigs on it does so by itself.`,
          },
        );
      }
      notify?.(
        `Changed the settings of topic '${topic}', which refused a dead letter: ${
          assignments.join(", ")
        }`,
      );
    });

  return {
    /**
     * Writes a letter, however long Kafka is out of reach, and waits until all replicas have it.
     *
     * @param reason Why it is a dead letter, and the signal of a stop, which ends a wait for Kafka.
     * @returns Where the letter is; undefined if a stop came first.
     * @throws {PipelineError} If Kafka refuses it. The message's offset must not be committed then.
     */
    async send(
      message: Message,
      { signal, ...reason }: DeadLetterReason & {
        readonly signal: AbortSignal;
      },
    ): Promise<Position | undefined> {
      try {
        return await throughOutages(async () => {
          const { producer, partitions } = await ready();
          const partition = reason.origin.partition % partitions;
          const { key, value, timestamp } = message;
          const headers = deadLetterHeaders(message, { ...reason, group });
          const letter = { topic, partition, key, value, timestamp, headers };
          try {
            return await producer.sendSafely(letter);
          } catch (error) {
            const refusing = REFUSING_SETTINGS[protocolCodeOf(error) ?? ""];
            if (!refusing) throw error;
            await repair(refusing, { message, refusal: error });
            return await producer.sendSafely(letter);
          }
        }, {
          isOutage: isKafkaOutage,
          signal,
          begins: () => notify?.("Waiting for Kafka to take a dead letter..."),
          ends: () => notify?.("No longer waiting for Kafka."),
        });
      } catch (error) {
        throw explainKafkaError(error, {
          config: kafka.config,
          action: `Writing a dead letter to ${topic}`,
        });
      }
    },
    async close(): Promise<void> {
      const connection = await open?.catch(() => undefined);
      await connection?.producer.disconnect().catch(() => {});
    },
  };
}

/** Finds the letters' topic, or makes it so that it takes and keeps whatever the source does. */
async function layoutOf(
  admin: Admin,
  { topic, source }: { readonly topic: string; readonly source: string },
): Promise<TopicLayout> {
  const existing = await describeTopic(admin, topic);
  if (existing) return existing;
  const layout = await describeTopic(admin, source);
  if (!layout) throw missingTopic(source);
  const bytes = await maxMessageBytes(admin, source) ??
    DEFAULT_MAX_MESSAGE_BYTES;
  const settings = {
    [SIZE]: String(bytes + HEADROOM_BYTES),
    ...KEEPS_EVERYTHING,
  };
  const spec = { ...layout, topic };
  try {
    return await ensureTopic(admin, {
      ...spec,
      settings: { ...settings, ...TIME_LIMITS },
    });
  } catch (error) {
    // A broker that doesn't know a setting creates nothing.
    if (protocolCodeOf(error) !== "INVALID_CONFIG") throw error;
    return await ensureTopic(admin, { ...spec, settings });
  }
}

/** How large a topic's messages may be, in bytes; undefined if this user may not read its settings (DescribeConfigs). */
async function maxMessageBytes(
  admin: Admin,
  topic: string,
): Promise<number | undefined> {
  try {
    const settings = await admin.topicSettings(topic);
    return Number(settings.find(({ name }) => name === SIZE)?.value) ||
      undefined;
  } catch (error) {
    if (isKafkaOutage(error)) throw error;
    return undefined;
  }
}
