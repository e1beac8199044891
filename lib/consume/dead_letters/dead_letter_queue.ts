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

interface Connection {
  readonly producer: MessageProducer;
  /** How many the letters' topic has. */
  readonly partitions: number;
}

/** Writes dead letters. It connects, and creates the topic, when the first one comes. */
export class DeadLetterQueue {
  readonly #kafka: KafkaClient;
  readonly #source: string;
  readonly #group: string;
  readonly #options: WaitOptions;
  #open: Promise<Connection> | undefined;

  /** Makes the queue of a topic's dead letters. */
  constructor(
    kafka: KafkaClient,
    source: { readonly topic: string; readonly group: string },
    options: WaitOptions,
  ) {
    this.#kafka = kafka;
    this.#source = source.topic;
    this.#group = source.group;
    this.#options = options;
  }

  get topic(): string {
    return deadLetterTopic(this.#source);
  }

  /**
   * Writes a letter, however long Kafka is out of reach, and waits until all replicas have it.
   *
   * @param reason Why it is a dead letter, and the signal of a stop, which ends a wait for Kafka.
   * @returns Where the letter is; undefined if a stop came first.
   * @throws {PipelineError} If Kafka refuses it. The message's offset must not be committed then.
   */
  async send(
    message: Message,
    { signal, ...reason }: DeadLetterReason & { readonly signal: AbortSignal },
  ): Promise<Position | undefined> {
    const { topic } = this;
    const { notify } = this.#options;
    try {
      return await throughOutages(async () => {
        const { producer, partitions } = await this.#ready();
        const partition = reason.origin.partition % partitions;
        const { key, value, timestamp } = message;
        const headers = deadLetterHeaders(message, {
          ...reason,
          group: this.#group,
        });
        const letter = { topic, partition, key, value, timestamp, headers };
        try {
          return await producer.sendSafely(letter);
        } catch (error) {
          const code = protocolCodeOf(error) ?? "";
          const refusing = REFUSING_SETTINGS[code];
          if (!refusing) throw error;
          await this.#repair(refusing, { message, refusal: error });
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
        config: this.#kafka.config,
        action: `Writing a dead letter to ${topic}`,
      });
    }
  }

  async close(): Promise<void> {
    const open = await this.#open?.catch(() => undefined);
    await open?.producer.disconnect().catch(() => {});
  }

  async #ready(): Promise<Connection> {
    this.#open ??= this.#connect();
    try {
      return await this.#open;
    } catch (error) {
      this.#open = undefined;
      throw error;
    }
  }

  async #connect(): Promise<Connection> {
    const { partitions } = await this.#withAdmin((admin) =>
      this.#layout(admin)
    );
    const producer = this.#kafka.producer();
    await producer.connect();
    return { producer, partitions };
  }

  async #withAdmin<T>(work: (admin: Admin) => Promise<T>): Promise<T> {
    const admin = this.#kafka.admin();
    await admin.connect();
    try {
      return await work(admin);
    } finally {
      await admin.disconnect();
    }
  }

  /** Finds the letters' topic, or makes it so that it takes and keeps whatever the source does. */
  async #layout(admin: Admin): Promise<TopicLayout> {
    const existing = await describeTopic(admin, this.topic);
    if (existing) return existing;
    const source = await describeTopic(admin, this.#source);
    if (!source) throw missingTopic(this.#source);
    const bytes = await maxMessageBytes(admin, this.#source) ??
      DEFAULT_MAX_MESSAGE_BYTES;
    const spec = {
      ...source,
      topic: this.topic,
      settings: {
        [SIZE]: String(bytes + HEADROOM_BYTES),
        ...KEEPS_EVERYTHING,
      },
    };
    try {
      const settings = { ...spec.settings, ...TIME_LIMITS };
      return await ensureTopic(admin, { ...spec, settings });
    } catch (error) {
      // A broker that doesn't know a setting creates nothing.
      if (protocolCodeOf(error) !== "INVALID_CONFIG") throw error;
      return await ensureTopic(admin, spec);
    }
  }

  /**
   * Changes the settings of the letters' topic that refuse a letter: the topic was made by hand, or the source's settings were
   * changed since.
   */
  async #repair(
    names: readonly string[],
    { message, refusal }: {
      readonly message: Message;
      readonly refusal: unknown;
    },
  ): Promise<void> {
    await this.#withAdmin(async (admin) => {
      const own = (message.key?.length ?? 0) + (message.value?.length ?? 0);
      const source = await maxMessageBytes(admin, this.#source) ?? 0;
      const wanted: Readonly<Record<string, string>> = {
        ...KEEPS_EVERYTHING,
        ...TIME_LIMITS,
        [SIZE]: String(Math.max(own, source) + HEADROOM_BYTES),
      };
      const changes = names.map((name) => [name, wanted[name] ?? ""] as const);
      try {
        await admin.alterTopicSettings(this.topic, new Map(changes));
      } catch (error) {
        if (isKafkaOutage(error)) throw error;
        throw new PipelineError(
          `Topic '${this.topic}' refuses a dead letter: ${
            messageOf(refusal).replace(/\.$/, "")
          }`,
          {
            cause: error,
            hint: `Set ${
              changes.map(([name, value]) => `${name}=${value}`).join(" and ")
            } on it. A user with the rights DescribeConfigs and AlterConfigs on it does so by itself.`,
          },
        );
      }
      this.#options.notify?.(
        `Changed the settings of topic '${this.topic}', which refused a dead letter: ${
          changes.map(([name, value]) => `${name}=${value}`).join(", ")
        }`,
      );
    });
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
