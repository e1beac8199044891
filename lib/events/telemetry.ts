/**
 * What runs tell an observer that makes metrics and traces of it. Where none is set, nothing is made for it.
 *
 * @module
 */

import type { EventRecord, OutgoingHeader } from "./record.ts";

/** Observes runs. */
export interface Telemetry {
  /** Called when a producer is connected. */
  producing(run: ProducerRun): ProducerTelemetry;
  /** Called when a consumer starts. */
  consuming(run: ConsumerRun): ConsumerTelemetry;
  /** Called when a store has opened its database. Its consumer is observed besides. */
  storing(run: StoreRun): StoreTelemetry;
}

/** A run of a producer. */
export interface ProducerRun {
  /** The topic. */
  readonly topic: string;
}

/** A run of a consumer. */
export interface ConsumerRun {
  /** The topic. */
  readonly topic: string;
  /** The consumer group. */
  readonly group: string;
}

/** A run of a store. */
export interface StoreRun {
  /** The topic. */
  readonly topic: string;
  /** The table that they go to. */
  readonly table: string;
  /** The kind of database. */
  readonly system: "postgresql" | "sqlite";
}

/** What a run may have to wait for. */
export type Dependency = "database" | "kafka" | "registry";

/** Observes a run. */
export interface RunTelemetry {
  /** Called when a wait for something that is away begins, and when it is over. */
  waiting(what: Dependency, waits: boolean): void;
  /** Called when the run is over. */
  ended(): void;
}

/** Messages of one partition that are sent in one request. */
export interface SendRequest {
  /** The partition. */
  readonly partition: number;
  /** The messages. */
  readonly messages: readonly {
    readonly headers?: readonly OutgoingHeader[] | undefined;
  }[];
}

/** How a request ended that failed. */
export interface SendFailure {
  /** Why. */
  readonly error: unknown;
  /** Whether the same messages are sent again. */
  readonly again: boolean;
}

/** Observes a producer. */
export interface ProducerTelemetry extends RunTelemetry {
  /** Called for each event that is taken for sending. Returns the headers to send it with. */
  creating(
    partition: number,
    headers: readonly OutgoingHeader[] | undefined,
  ): readonly OutgoingHeader[] | undefined;
  /** Called before each request. What it returns is called when the brokers have acknowledged it, or it has failed. */
  sending(request: SendRequest): (failure?: SendFailure) => void;
  /** Called for each event that was given up. */
  failed(error: unknown): void;
  /** Called for each value of the source that isn't a valid event. */
  invalid(): void;
}

/** Observes a consumer. */
export interface ConsumerTelemetry extends RunTelemetry {
  /** Called each time the group has assigned partitions to this member. */
  assigned(partitions: readonly number[]): void;
  /** Called now and then with how many messages of each assigned partition the group has not committed yet. */
  lagging(lags: ReadonlyMap<number, number>): void;
  /** Called before a handler gets events. */
  processing(records: readonly EventRecord<unknown>[]): Processing;
  /** Called for each message that was set aside as a dead letter. */
  setAside(error: unknown): void;
  /** Called for each message without a value. */
  tombstone(): void;
  /** Called before each commit. What it returns is called when it is done, with the error if it has failed. */
  committing(): (error?: unknown) => void;
}

/** Observes some work. */
export interface Observed {
  /** Does it, as a part of what is observed. */
  call<R>(work: () => R): R;
}

/** Observes the processing of some events. */
export interface Processing extends Observed {
  /** Called when the handler has failed and will be called again. */
  again(error: unknown): void;
  /** Called when it is over, with the error if it has failed. */
  ended(error?: unknown): void;
}

/** Observes a store. */
export interface StoreTelemetry extends RunTelemetry {
  /** Called before each transaction that writes events. */
  writing(count: number): Writing;
}

/** Observes a transaction. */
export interface Writing extends Observed {
  /** Called when it is committed. */
  written(added: number): void;
  /** Called when it was rolled back. */
  failed(error: unknown): void;
}
