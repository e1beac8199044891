/**
 * Orders to message values and back, by the schema in the registry.
 *
 * @module
 */

import {
  checkCustomerEvent,
  CUSTOMER_EVENT_SCHEMA,
  type CustomerEvent,
} from "../events/order.ts";
import { InvalidEventError } from "../base/errors.ts";
import type { EventRegistry } from "./registry.ts";
import type { WriterSchema } from "./writer_schema.ts";
import {
  frame,
  MAX_SCHEMA_ID,
  parsePayload,
  unframe,
} from "../events/wire_format.ts";

/** Turns orders into message values. Equals confluent-kafka's `JSONSerializer`. */
export class EventSerializer {
  readonly #schemaId: number;

  private constructor(schemaId: number) {
    this.#schemaId = schemaId;
  }

  /**
   * Registers the schema of the topic's values, under the subject `<topic>-value` (Confluent's TopicNameStrategy).
   *
   * @param registry The registry.
   * @param topic The topic.
   * @returns The serializer.
   * @throws {OutageError} If the registry can't be reached.
   * @throws {PipelineError} If it refuses the schema.
   */
  static async register(
    registry: EventRegistry,
    topic: string,
  ): Promise<EventSerializer> {
    return new EventSerializer(
      await registry.register(`${topic}-value`, CUSTOMER_EVENT_SCHEMA),
    );
  }

  /**
   * Checks an order and encodes it.
   *
   * @param event The order; it may come from anywhere, its type is not trusted.
   * @returns The message's value.
   * @throws {InvalidEventError} If it isn't a valid order.
   */
  encode(event: unknown): Uint8Array {
    return frame(this.#schemaId, JSON.stringify(checkCustomerEvent(event)));
  }
}

/** Turns message values into orders. Equals confluent-kafka's `JSONDeserializer`. */
export class EventDeserializer {
  readonly #registry: EventRegistry;

  /**
   * Makes a deserializer. Nothing is fetched before the first message.
   *
   * @param registry Where the writers' schemas are looked up.
   */
  constructor(registry: EventRegistry) {
    this.#registry = registry;
  }

  /**
   * Decodes a value and checks it: by the schema that its writer named, then by this program's own.
   *
   * @param value The message's value.
   * @returns The order; a promise of it where the writer's schema has to be fetched first.
   * @throws {InvalidEventError} If the value can't be read. Where a promise is returned, it rejects instead.
   * @throws {OutageError} Only by the promise: if the registry can't be reached.
   */
  decode(value: Uint8Array): CustomerEvent | Promise<CustomerEvent> {
    const { schemaId, payload } = unframe(value);
    if (schemaId > MAX_SCHEMA_ID) {
      throw new InvalidEventError(
        `No registry has a schema with the id ${schemaId}`,
      );
    }
    const schema = this.#registry.cached(schemaId);
    return schema
      ? read(schema, payload)
      : this.#registry.writerSchema(schemaId)
        .then((fetched) => read(fetched, payload));
  }
}

function read(schema: WriterSchema, payload: Uint8Array): CustomerEvent {
  const value = parsePayload(payload);
  if (schema.text !== CUSTOMER_EVENT_SCHEMA) {
    schema.check(value, payload.length);
  }
  return checkCustomerEvent(value);
}
