/**
 * What a contender is: how it is asked to do the work that all are measured by.
 *
 * @module
 */

import type { Config } from "../../lib/settings/config.ts";

/** The engine, and what else the contenders' programs need to know. */
export interface Stage {
  /** Where the engine is. */
  readonly config: Config;
  /** The registry's URL, with the path of Confluent's API. */
  readonly registryApi: string;
  /** The folder with Kafka's jars. */
  readonly kafkaJars: string;
  /** How many bytes an order takes as a message's value, on average. */
  readonly valueSize: number;
}

/** A piece of work. */
export interface Job {
  /**
   * `produce`: generate, check, encode, send, with acks 1. `consume`: decode, check, process, commit. `watch`: as `consume`, and
   * print a line of JSON for each.
   */
  readonly do: "produce" | "consume" | "watch";
  /** The topic. */
  readonly topic: string;
  /** The id of the schema of its values. */
  readonly schemaId: number;
  /** The group. */
  readonly group: string;
  /** How many events; to a signal where it is left out. */
  readonly count?: number;
  /** How many events a second; as fast as it goes where it is left out. */
  readonly rate?: number;
}

/** What to run. */
export interface Command {
  /** The program. */
  readonly program: string;
  /** Its arguments. */
  readonly args: readonly string[];
  /** Environment variables added to this process's own. */
  readonly env?: Readonly<Record<string, string>>;
  /** Whether the orders have to come by its standard input, one a line, at the job's rate. */
  readonly fed?: boolean;
}

/** A program that does the work. */
export interface Contender {
  /** Its name on the command line. */
  readonly id: string;
  /** Its name in tables. */
  readonly title: string;
  /** Which measures it takes part in. */
  readonly measures: ReadonlySet<MeasureId>;
  /** How many events it is given for each of the usual ones, so that a slow one takes as long as the others. */
  readonly share: number;
  /** How its output says how many it has processed; the first group is the number. */
  readonly processed?: RegExp;
  /**
   * Says what to run.
   *
   * @param stage The engine.
   * @param job The work.
   * @returns The command.
   */
  command(stage: Stage, job: Job): Command;
}

/** What is measured. */
export const MEASURES = [
  "produce",
  "consume",
  "store",
  "latency",
  "startup",
  "idle",
  "memory",
  "size",
] as const;

/** One of {@linkcode MEASURES}. */
export type MeasureId = typeof MEASURES[number];

/** How many partitions each topic has. */
export const PARTITIONS = 3;

/** The length of what stands before an order's JSON in a message's value, in bytes. */
export const HEADER_LENGTH = 5;
