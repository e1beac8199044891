/**
 * Names of attributes, by the semantic conventions of OpenTelemetry.
 *
 * @see {@link https://opentelemetry.io/docs/specs/semconv/messaging/kafka/}
 * @module
 */

/** The version of the conventions. */
export const SCHEMA_URL = "https://opentelemetry.io/schemas/1.45.0";

/** The attributes that are set. A message's key is left out: it may be a person's name. */
export const ATTRIBUTE = {
  batchSize: "messaging.batch.message_count",
  collection: "db.collection.name",
  databaseBatchSize: "db.operation.batch.size",
  databaseOperation: "db.operation.name",
  databaseSystem: "db.system.name",
  errorType: "error.type",
  group: "messaging.consumer.group.name",
  offset: "kafka.offset",
  operationName: "messaging.operation.name",
  operationType: "messaging.operation.type",
  partition: "messaging.destination.partition.id",
  system: "messaging.system.name",
  topic: "messaging.destination.name",
} as const;

/** Names a kind of error, without anything that a message contains: by Kafka's own name, or else that of the error's class. */
export function errorTypeOf(error: unknown): string {
  if (!(error instanceof Error)) return "_OTHER";
  const { type } = error as { readonly type?: unknown };
  return typeof type === "string" && /^[A-Z_]+$/.test(type) ? type : error.name;
}
