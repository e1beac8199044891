/**
 * What is shown of a message that is looked at from outside of any consumer group.
 *
 * @module
 */

import { PipelineError } from "../base/errors.ts";
import {
  type DeadLetterInfo,
  readDeadLetter,
} from "../consume/dead_letters/dead_letter.ts";
import type { Header, Position } from "../events/record.ts";
import {
  parsePayload,
  SCHEMA_ID_HEADER,
  type SchemaId,
  unframe,
} from "../events/wire_format.ts";
import { describeDamage, type Message } from "../kafka/message.ts";
import type { PartitionMessage } from "../kafka/topic_reader.ts";
import { EventRegistry } from "../registry/registry.ts";
import type { Config } from "../settings/config.ts";

/** How long the registry may take to be reached, in milliseconds: without it, values are shown as they are. */
const REGISTRY_TIMEOUT_MS = 3_000;

/** What a message's value is. */
export type Decoded =
  | {
    readonly event: unknown;
    /** The schema that its writer named. */
    readonly schemaId: SchemaId;
  }
  | {
    /** Why the value is not an event; undefined if there is no value. */
    readonly problem: string | undefined;
  };

/** A message that was looked at. */
export interface PeekedMessage extends Position {
  /** The message's timestamp, in milliseconds since the epoch; -1 if it has none. */
  readonly timestamp: number;
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly headers: readonly Header[];
  readonly decoded: Decoded;
  /** Where the message comes from and why it is here, if it is a dead letter. */
  readonly letter: DeadLetterInfo | undefined;
}

/** Reads messages, with their values by the schemas that their writers named. Without the registry, they stay what they are. */
export class MessageDecoder {
  readonly #connect: () => Promise<EventRegistry>;

  constructor(connect: () => Promise<EventRegistry>) {
    this.#connect = connect;
  }

  /** Makes one with a connection of its own, which is tried once. */
  static of(config: Config): MessageDecoder {
    let registry: Promise<EventRegistry> | undefined;
    return new MessageDecoder(() =>
      registry ??= EventRegistry.connect(config, {
        timeoutMs: REGISTRY_TIMEOUT_MS,
      })
    );
  }

  async peeked(
    topic: string,
    { partition, message }: PartitionMessage,
  ): Promise<PeekedMessage> {
    return {
      ...message,
      topic,
      partition,
      decoded: await this.#read(message, { topic, partition }),
      letter: letterOf(message),
    };
  }

  async #read(
    message: Message,
    place: { readonly topic: string; readonly partition: number },
  ): Promise<Decoded> {
    const { value, headers } = message;
    if (message.damaged) return { problem: describeDamage(message, place) };
    if (value === null) return { problem: undefined };
    try {
      const [, header] = headers.findLast(([name]) =>
        name === SCHEMA_ID_HEADER
      ) ?? [];
      const { schemaId, payload } = unframe(value, header);
      const registry = await this.#connect();
      const schema = await registry.schemas.fetched(schemaId);
      const event = parsePayload(payload);
      schema.check(event, payload.length);
      return { event, schemaId };
    } catch (error) {
      if (!(error instanceof PipelineError)) throw error;
      return { problem: error.message };
    }
  }
}

function letterOf({ headers }: Message): DeadLetterInfo | undefined {
  const letter = readDeadLetter(headers);
  return letter.origin && letter;
}
