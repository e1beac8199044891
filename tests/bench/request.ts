/**
 * What a contender that is a program of this folder is asked to do.
 *
 * @module
 */

/** The one argument of such a program, as JSON. */
export interface ClientRequest {
  /**
   * `produce`: generate, check, encode, send. `consume`: decode, check, process, commit. `watch`: as `consume`, and print a
   * line of JSON for each.
   */
  readonly do: "produce" | "consume" | "watch";
  /** The brokers, as `host:port`. */
  readonly brokers: readonly string[];
  /** The registry's URL, with the path of Confluent's API. */
  readonly registry: string;
  /** The topic. */
  readonly topic: string;
  /** How many partitions it has. */
  readonly partitions: number;
  /** The group. */
  readonly group: string;
  /** The id that the registry has given the schema. */
  readonly schemaId: number;
  /** How many events; to a signal where it is left out. */
  readonly count: number;
  /** How many events a second; as fast as it goes where it is left out. */
  readonly rate?: number;
  /** After how many messages a commit is due, where the program leaves that open. */
  readonly commitEvery: number;
  /** Where it stores events: a file's path, or a URL of PostgreSQL. */
  readonly database?: string;
}
