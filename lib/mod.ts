/**
 * The public API of the pipeline: what the tasks, and other programs, import.
 *
 * @example Process a topic's orders at least once each
 * ```ts ignore
 * import { consumeEvents, resolveConfig } from "./lib/mod.ts";
 *
 * await consumeEvents(resolveConfig(), (record) => console.log(record.event.drink_name), {
 *   topic: "demo",
 *   group: "drink-counter",
 * });
 * ```
 *
 * @module
 */

export {
  type BooleanFlag,
  describeError,
  EXIT,
  type Flag,
  type FlagBase,
  type Flags,
  type FlagValues,
  helpText,
  type NumberFlag,
  runTask,
  type StringFlag,
  type TaskSpec,
} from "./cli/command.ts";
export {
  type Config,
  type ConfigFlags,
  type ConfigOptions,
  DEFAULT_CONFIG,
  resolveConfig,
} from "./settings/config.ts";
export { consumeEvents, type ConsumerOptions } from "./consume/consume.ts";
export {
  type EventHandler,
  type MessageCounts,
  type MessageObserver,
  type PassedOver,
} from "./consume/message_processor.ts";
export {
  ConsumeReport,
  type ConsumeReportOptions,
} from "./cli/consume_report.ts";
export {
  checkCustomerEvent,
  CUSTOMER_EVENT_SCHEMA,
  type CustomerEvent,
  keyOf,
  PRICE_LIST,
  randomOrders,
} from "./events/order.ts";
export {
  type DeadLetter,
  type DeadLetterOptions,
  listDeadLetters,
  replayDeadLetters,
  type ReplaySummary,
} from "./consume/dead_letters/dlq.ts";
export {
  type DeadLetterInfo,
  deadLetterTopic,
} from "./consume/dead_letters/dead_letter.ts";
export { DlqReport } from "./cli/dlq_report.ts";
export type { FilePlace } from "./produce/sources/lines.ts";
export { type DemoOptions, runDemo } from "./cli/demo_command.ts";
export {
  type ErrorCode,
  type ErrorDetails,
  HandlerStop,
  InvalidEventError,
  OutageError,
  PipelineError,
  type PipelineErrorOptions,
  StoppedError,
  UsageError,
} from "./base/errors.ts";
export type { KafkaOptions } from "./kafka/client.ts";
export type { WaitOptions } from "./base/retry.ts";
export {
  generatedOrders,
  openOrders,
  ordersFrom,
  ordersPath,
  type SourceItem,
} from "./produce/sources/order_source.ts";
export {
  crc32,
  murmur2,
  type PartitionerName,
  PARTITIONERS,
  partitionOf,
} from "./kafka/partitioner.ts";
export { OutputClosedError, OutputError, printLine } from "./cli/output.ts";
export {
  ProduceReport,
  type ProduceReportOptions,
} from "./cli/produce_report.ts";
export {
  produceEvents,
  type ProduceObserver,
  type ProduceOptions,
  type ProduceSummary,
} from "./produce/produce.ts";
export {
  type Acks,
  type DeliveryHandlers,
  EventProducer,
  type ProducerOptions,
} from "./produce/producer.ts";
export { EventRegistry } from "./registry/registry.ts";
export type { WriterSchema } from "./registry/writer_schema.ts";
export {
  describeDelivery,
  describeRecord,
  describeSending,
  type EventRecord,
  placeOf,
  type Position,
  toJsonLine,
} from "./events/record.ts";
export {
  type KafkaSecurity,
  type RegistrySecurity,
  SASL_MECHANISMS,
  type SaslMechanism,
  type SaslSettings,
  type Security,
  SECURITY_PROTOCOLS,
  type SecurityProtocol,
} from "./settings/security.ts";
export { Secret } from "./base/secret.ts";
export type { TlsSettings } from "./settings/tls.ts";
export type { ReadFile, ReadVariable } from "./settings/setting_reader.ts";
export { EventDeserializer, EventSerializer } from "./registry/serializer.ts";
export {
  RESUME_FOLDER,
  ResumePoint,
  type ResumeSource,
} from "./produce/resume_point.ts";
export { type StopSignal, stopSignal } from "./cli/signals.ts";
export { printable } from "./base/terminal_text.ts";
export {
  clientOptions,
  CONFIG_FLAGS,
  configFrom,
  TIMEOUT_FLAG,
} from "./cli/task_flags.ts";
export { type ConsumeFlags, consumeTask } from "./cli/consume_command.ts";
export { type ProduceFlags, produceTask } from "./cli/produce_command.ts";
export { describeTopicResult } from "./cli/topic_report.ts";
export {
  createTopic,
  type TopicLayout,
  type TopicResult,
  type TopicSpec,
} from "./kafka/topic.ts";
export {
  frame,
  parsePayload,
  unframe,
  type WireMessage,
} from "./events/wire_format.ts";
