/**
 * The versions of Apache Kafka that the pipeline is tested on.
 *
 * @module
 */

import { KAFKA, kafkaProgram, type Program } from "../../lib/engine/maven.ts";
import digests from "./programs.sha256" with { type: "text" };

const older = (version: string): Program => ({
  ...kafkaProgram(version),
  digests,
});

/** The version whose data the newest one has to take over: the local engine ran it before. */
export const KAFKA_BEFORE: Program = older("4.2.0");

/** All versions, the oldest first. */
export const KAFKAS: readonly Program[] = [
  older("3.9.2"),
  older("4.0.2"),
  KAFKA_BEFORE,
  KAFKA,
];
