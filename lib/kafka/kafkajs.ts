/**
 * The types of kafkajs, from the one place that names its version.
 *
 * Packages of the public API are named in full where they are imported, and not through an import map: so another project can
 * import it by its path.
 *
 * @module
 */

export type {
  Admin,
  Broker,
  Cluster,
  EachBatchPayload,
  Kafka,
  LogEntry,
  Mechanism,
  MemberDescription,
  Message,
  PartitionAssigner,
  Producer,
} from "npm:kafkajs@2.2.4";

/** The module. */
export type Kafkajs = typeof import("npm:kafkajs@2.2.4");
