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
import { sendLetter } from "./letter_producer.ts";
import { throughOutages, type WaitOptions } from "../../base/retry.ts";
import type { Position } from "../../events/record.ts";
import { describeTopic, ensureTopic, missingTopic } from "../../kafka/topic.ts";

/** How much larger than its message a letter may be, for its headers, in bytes. */
const HEADROOM_BYTES = 65_536;
/** What a topic takes where nothing else is set, in bytes: Kafka's default. */
const DEFAULT_MAX_MESSAGE_BYTES = 1_048_588;

/** Writes dead letters. It connects, and creates the topic, when the first one comes. */
export class DeadLetterQueue {
  readonly #kafka: KafkaClient;
  readonly #source: string;
  readonly #options: WaitOptions;
  #open:
    | Promise<
      { readonly producer: MessageProducer; readonly partitions: number }
    >
    | undefined;

  /**
   * Makes the queue of a topic's dead letters.
   *
   * @param kafka The client.
   * @param source The topic that the messages come from.
   * @param options Whom to tell of a wait.
   */
  constructor(
    kafka: KafkaClient,
    source: string,
    options: WaitOptions,
  ) {
    this.#kafka = kafka;
    this.#source = source;
    this.#options = options;
  }

  /** The topic of the letters. */
  get topic(): string {
    return deadLetterTopic(this.#source);
  }

  /**
   * Writes a letter, however long Kafka is out of reach, and waits until all replicas have it.
   *
   * @param message The message.
   * @param reason Why it is a dead letter.
   * @param signal A stop: it ends a wait for Kafka.
   * @returns Where the letter is; nothing where a stop came first.
   * @throws {PipelineError} If Kafka refuses it. The message's offset must not be committed then.
   */
  async send(
    message: Message,
    reason: DeadLetterReason,
    signal: AbortSignal,
  ): Promise<Position | undefined> {
    const { topic } = this;
    const { notify } = this.#options;
    try {
      return await throughOutages(async () => {
        const { producer, partitions } = await this.#ready();
        const partition = reason.origin.partition % partitions;
        const { key, value, timestamp } = message;
        const headers = deadLetterHeaders(message, reason);
        const letter = { key, value, timestamp, headers };
        const to = { topic, partition };
        try {
          return await sendLetter(producer, to, letter);
        } catch (error) {
          // A topic's limit is on what a batch takes compressed: a message that came so may be larger than that.
          if (protocolCodeOf(error) !== "MESSAGE_TOO_LARGE") throw error;
          return await sendLetter(producer, to, { ...letter, gzip: true });
        }
      }, {
        isOutage: isKafkaOutage,
        signal,
        begins: () => notify?.("Waiting for Kafka to take a dead letter..."),
        ends: () => notify?.("No longer waiting for Kafka."),
      });
    } catch (error) {
      throw explainKafkaError(
        error,
        this.#kafka.config,
        `Writing a dead letter to ${topic}`,
      );
    }
  }

  /** Closes the connection, if there is one. */
  async close(): Promise<void> {
    const open = await this.#open?.catch(() => undefined);
    await open?.producer.disconnect().catch(() => {});
  }

  async #ready(): Promise<
    { readonly producer: MessageProducer; readonly partitions: number }
  > {
    this.#open ??= this.#connect();
    try {
      return await this.#open;
    } catch (error) {
      this.#open = undefined;
      throw error;
    }
  }

  async #connect(): Promise<
    { readonly producer: MessageProducer; readonly partitions: number }
  > {
    const admin = this.#kafka.admin();
    await admin.connect();
    let partitions: number;
    try {
      const layout = await this.#layout(admin);
      partitions = layout.partitions;
    } finally {
      await admin.disconnect();
    }
    const producer = this.#kafka.producer();
    await producer.connect();
    return { producer, partitions };
  }

  /** Finds the letters' topic, or makes it like the one that the messages come from. */
  async #layout(admin: Admin): Promise<TopicLayout> {
    const existing = await describeTopic(admin, this.topic);
    if (existing) return existing;
    const source = await describeTopic(admin, this.#source);
    if (!source) throw missingTopic(this.#source);
    return await ensureTopic(admin, {
      ...source,
      topic: this.topic,
      settings: {
        "max.message.bytes": String(
          await maxMessageBytes(admin, this.#source) + HEADROOM_BYTES,
        ),
        // A letter has its message's timestamp: by time, retention would remove that of an old message at once.
        "retention.ms": "-1",
        "cleanup.policy": "delete",
      },
    });
  }
}

/** How large a topic's messages may be, in bytes. */
async function maxMessageBytes(admin: Admin, topic: string): Promise<number> {
  const setting = "max.message.bytes";
  try {
    const settings = await admin.topicSettings(topic, [setting]);
    return Number(settings.get(setting)) || DEFAULT_MAX_MESSAGE_BYTES;
  } catch (error) {
    // The right to read settings (DescribeConfigs) is more than a consumer needs otherwise.
    if (isKafkaOutage(error)) throw error;
    return DEFAULT_MAX_MESSAGE_BYTES;
  }
}
