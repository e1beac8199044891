/**
 * The public API of the pipeline: what other programs import.
 *
 * @example Define an event, produce it, and process it at least once each
 * ```ts ignore
 * import { consume, defineEvent, produce } from "./lib/mod.ts";
 *
 * const scans = defineEvent({
 *   name: "loyalty_scan",
 *   topic: "loyalty",
 *   schema: {
 *     type: "object",
 *     properties: { card_id: { type: "string" }, points: { type: "integer" } },
 *     required: ["card_id", "points"],
 *     additionalProperties: false,
 *   },
 *   key: (scan) => scan.card_id,
 * });
 *
 * await produce(scans, [{ card_id: "C-1001", points: 7 }]);
 * await consume(scans, ({ event }) => console.log(event.points), {
 *   group: "points",
 * });
 * ```
 *
 * @module
 */

export {
  type ErrorCode,
  type ErrorDetails,
  HandlerStop,
  InvalidEventError,
  OutageError,
  PipelineError,
  type PipelineErrorOptions,
  UsageError,
} from "./base/errors.ts";
export type { WaitOptions } from "./base/retry.ts";
export { Secret } from "./base/secret.ts";
export { consume, consumeBatches } from "./consume/consume.ts";
export { OffsetMovedError, type OffsetStore } from "./consume/offset_store.ts";
export { type ConsumedRecord, records } from "./consume/records.ts";
export type { ConsumerOptions } from "./consume/options.ts";
export {
  type Rejected,
  type TestOptions,
  testPipeline,
  type TestResult,
} from "./consume/test_pipeline.ts";
export type {
  BatchHandler,
  EventBatch,
  EventHandler,
  HandlerContext,
} from "./consume/handler.ts";
export type {
  MessageCounts,
  MessageObserver,
  SetAside,
} from "./consume/message_reader.ts";
export {
  defineEvent,
  type EventDefinition,
  type EventOf,
  EventType,
} from "./events/event_type.ts";
export type { FromSchema, JsonSchema } from "./events/from_schema.ts";
export type { SchemaReference } from "./events/json_schema.ts";
export type {
  EventRecord,
  Header,
  OutgoingHeader,
  Position,
} from "./events/record.ts";
export type { KafkaOptions } from "./kafka/client.ts";
export type { PartitionerName } from "./kafka/partitioner.ts";
export type { Acks } from "./kafka/message_producer.ts";
export type { TopicLayout, TopicSpec } from "./kafka/admin.ts";
export { createTopic, type TopicResult } from "./kafka/topic.ts";
export { EventProducer } from "./produce/event_producer.ts";
export {
  type EventSource,
  type OutgoingRecord,
  produce,
  type ProduceObserver,
  type ProduceOptions,
  type ProduceSummary,
} from "./produce/produce.ts";
export type { ProducerOptions } from "./produce/sender.ts";
export type { SendOptions } from "./produce/sources/source.ts";
export type { SchemaChoice } from "./registry/serializer.ts";
export {
  type Config,
  type ConfigFlags,
  type ConfigOptions,
  resolveConfig,
} from "./settings/config.ts";
export type {
  KafkaSecurity,
  RegistrySecurity,
  SaslMechanism,
  SaslSettings,
  Security,
  SecurityProtocol,
} from "./settings/security.ts";
export type { SettingSource } from "./settings/setting_reader.ts";
export type { TlsSettings } from "./settings/tls.ts";
