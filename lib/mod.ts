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
  parseFlags,
  runTask,
  type StringFlag,
  type TaskSpec,
} from "./cli.ts";
export {
  type Config,
  type ConfigFlags,
  type ConfigOptions,
  DEFAULT_CONFIG,
  resolveConfig,
} from "./config.ts";
export { consumeEvents, type ConsumerOptions } from "./consumer.ts";
export {
  type EventHandler,
  type MessageCounts,
  type MessageObserver,
  type PassedOver,
} from "./message_processor.ts";
export { ConsumeReport, type ConsumeReportOptions } from "./consume_report.ts";
export {
  checkCustomerEvent,
  CUSTOMER_EVENT_SCHEMA,
  type CustomerEvent,
  keyOf,
  PRICE_LIST,
  randomOrders,
} from "./customer_event.ts";
export {
  type DeadLetter,
  type DeadLetterOptions,
  listDeadLetters,
  replayDeadLetters,
  type ReplaySummary,
} from "./dlq.ts";
export { type DeadLetterInfo, deadLetterTopic } from "./dead_letter.ts";
export { DlqReport } from "./dlq_report.ts";
export type { FilePlace } from "./lines.ts";
export { type DemoOptions, runDemo } from "./demo.ts";
export {
  HandlerStop,
  InvalidEventError,
  OutageError,
  PipelineError,
  type PipelineErrorOptions,
  StoppedError,
  UsageError,
} from "./errors.ts";
export type { KafkaOptions } from "./kafka.ts";
export type { Activity } from "./liveness.ts";
export type { Quota } from "./quota.ts";
export type { WaitOptions } from "./outage.ts";
export {
  type FilePart,
  generatedOrders,
  openOrders,
  ordersFrom,
  ordersPath,
  type SourceItem,
} from "./order_source.ts";
export {
  crc32,
  murmur2,
  type PartitionerName,
  PARTITIONERS,
  partitionOf,
} from "./partitioner.ts";
export { OutputClosedError, printLine } from "./output.ts";
export { ProduceReport, type ProduceReportOptions } from "./produce_report.ts";
export {
  produceEvents,
  type ProduceObserver,
  type ProduceOptions,
  type ProduceSummary,
} from "./produce.ts";
export {
  type Acks,
  type DeliveryHandlers,
  EventProducer,
  type ProducerOptions,
} from "./producer.ts";
export { EventRegistry } from "./registry.ts";
export type { WriterSchema } from "./writer_schema.ts";
export {
  describeDelivery,
  describeRecord,
  describeSending,
  type EventRecord,
  placeOf,
  type Position,
  toJsonLine,
} from "./report.ts";
export {
  type KafkaSecurity,
  type RegistrySecurity,
  SASL_MECHANISMS,
  type SaslMechanism,
  type SaslSettings,
  type Security,
  SECURITY_PROTOCOLS,
  type SecurityProtocol,
} from "./security.ts";
export { Secret } from "./secret.ts";
export type { TlsSettings } from "./tls.ts";
export type { ReadFile, ReadVariable } from "./setting_reader.ts";
export { EventDeserializer, EventSerializer } from "./serializer.ts";
export {
  RESUME_FOLDER,
  ResumePoint,
  type ResumeSource,
} from "./resume_point.ts";
export { type StopSignal, stopSignal } from "./signals.ts";
export { printable } from "./terminal_text.ts";
export {
  clientOptions,
  CONFIG_FLAGS,
  TIMEOUT_FLAG,
  WORKERS_FLAG,
} from "./task_flags.ts";
export { type ConsumeFlags, consumeTask } from "./workers/consume.ts";
export { type ProduceFlags, produceTask } from "./workers/produce.ts";
export type { SharedRun } from "./workers/shared_run.ts";
export { describeTopicResult } from "./topic_report.ts";
export {
  createTopic,
  type TopicLayout,
  type TopicResult,
  type TopicSpec,
} from "./topic.ts";
export {
  frame,
  parsePayload,
  unframe,
  type WireMessage,
} from "./wire_format.ts";
