/**
 * Sharing a task's work out to threads, each with connections of its own.
 *
 * @module
 */

import { OutputClosedError } from "../output.ts";
import {
  HandlerStop,
  InvalidEventError,
  OutageError,
  PipelineError,
  StoppedError,
  UsageError,
} from "../errors.ts";
import type { SharedRun } from "./shared_run.ts";

/** What a thread is given to do. */
export interface Assignment {
  /** The task. */
  readonly task: "consume" | "produce";
  /** Its flags. */
  readonly flags: unknown;
  /** The memory of the {@linkcode SharedRun}. */
  readonly memory: SharedArrayBuffer;
  /** Which of the threads this is, from 0. */
  readonly index: number;
  /** How many threads there are. */
  readonly of: number;
}

/** What a thread threw, as it passes from one thread to another. */
export interface Failure {
  /** The error's class. */
  readonly name: string;
  /** Its message. */
  readonly message: string;
  /** What the reader can do about it. */
  readonly hint: string | undefined;
  /** Where it came from, for `--debug`. */
  readonly stack: string | undefined;
  /** What caused it. */
  readonly cause: Failure | undefined;
}

/** What a thread tells. */
export type Report =
  | { readonly kind: "begun" }
  | { readonly kind: "notice"; readonly line: string }
  | { readonly kind: "stopping" }
  | { readonly kind: "done"; readonly result: unknown }
  | { readonly kind: "failed"; readonly failure: Failure };

/** How threads run. */
export interface PoolOptions {
  /** How many threads. */
  readonly workers: number;
  /** A stop: each thread ends its work. */
  readonly signal: AbortSignal;
  /** Is told of a wait, in a line: once, where several threads wait for the same. */
  readonly notify?: ((line: string) => void) | undefined;
  /** Is called each time that a thread begins to stop, with how many do. A failure is told by itself. */
  readonly stopping?: (threads: number) => unknown;
  /** Tells, when a thread is done, whether the others are to stop as well. */
  readonly isOver?: () => boolean;
}

/** How the threads ended. */
export interface PoolOutcome<Result> {
  /** What those returned that ended well. */
  readonly results: readonly Result[];
  /** What went wrong first: the other threads have been stopped then. */
  readonly failure?: { readonly error: unknown };
}

/** For how long what one thread tells is not told again by another, in milliseconds. */
const SAME_NOTICE_MS = 10_000;

const CLASSES = {
  PipelineError,
  UsageError,
  HandlerStop,
  StoppedError,
  OutageError,
  InvalidEventError,
  OutputClosedError,
};

/**
 * Writes an error so that another thread can read it.
 *
 * @param error What was thrown.
 * @returns Its parts, and those of its causes, each once.
 */
export function failureOf(error: unknown): Failure {
  return partsOf(error, new Set());
}

function partsOf(error: unknown, seen: Set<unknown>): Failure {
  if (!(error instanceof Error)) {
    return {
      name: "Error",
      message: String(error),
      hint: undefined,
      stack: undefined,
      cause: undefined,
    };
  }
  const { name, message, stack } = error;
  const hint = error instanceof PipelineError ? error.hint : undefined;
  seen.add(error);
  const cause = error.cause == null || seen.has(error.cause)
    ? undefined
    : partsOf(error.cause, seen);
  return { name, message, hint, stack, cause };
}

/**
 * Makes an error of another thread's.
 *
 * @param failure Its parts.
 * @returns An error of the same class, where it is one of this project's.
 */
export function errorOf(failure: Failure): Error {
  const { name, message, hint, stack, cause } = failure;
  const options = {
    ...(hint === undefined ? {} : { hint }),
    ...(cause && { cause: errorOf(cause) }),
  };
  const error = Object.hasOwn(CLASSES, name)
    ? new CLASSES[name as keyof typeof CLASSES](message, options)
    : new Error(message, options);
  if (stack !== undefined) error.stack = stack;
  return error;
}

/** How many events are worth a thread: it takes as long as some ten thousand of them to start. */
const EVENTS_PER_WORKER = 500_000;
/** How many threads are started unless it is asked for: each takes some 150 MiB. */
const MAX_WORKERS = 4;

/**
 * Finds out how many threads a run is worth.
 *
 * One core is left to the rest of the machine: where Kafka itself runs on the same two cores, a second thread brings little.
 *
 * @param run How many events it has; how many threads can share them at most, as a partition is read by one; and how many cores
 * there are.
 * @returns The number of threads, at least 1.
 */
export function usefulWorkers(run: {
  readonly events: number;
  readonly most?: number;
  readonly cores?: number;
}): number {
  const {
    events,
    most = MAX_WORKERS,
    cores = navigator.hardwareConcurrency,
  } = run;
  const worth = Math.floor(events / EVENTS_PER_WORKER);
  return Math.max(1, Math.min(worth, most, cores - 1, MAX_WORKERS));
}

/**
 * Has threads do a task's work.
 *
 * @param task The task.
 * @param flags Its flags.
 * @param run What the threads share.
 * @param options How many, and what ends them.
 * @returns What each thread returned, and what the first one threw that failed; every one has ended by then.
 */
export async function runWorkers<Result>(
  task: Assignment["task"],
  flags: unknown,
  run: SharedRun,
  options: PoolOptions,
): Promise<PoolOutcome<Result>> {
  const { workers: of, signal, notify, stopping, isOver } = options;
  const halt = new AbortController();
  const stop = AbortSignal.any([signal, halt.signal]);
  let threadsStopping = 0;
  const failures: unknown[] = [];
  const fail = (error: unknown) => {
    failures.push(error);
    halt.abort();
  };
  const told = new Map<string, number>();
  const heard = {
    stopping() {
      if (failures.length > 0) return;
      try {
        stopping?.(++threadsStopping);
      } catch (error) {
        fail(error);
      }
    },
    notice(line: string) {
      const now = Date.now();
      if (now - (told.get(line) ?? -Infinity) < SAME_NOTICE_MS) return;
      told.set(line, now);
      notify?.(line);
    },
  };
  const threads = Array.from({ length: of }, async (_, index) => {
    try {
      const assignment = { task, flags, memory: run.memory, index, of };
      const result = await runThread(assignment, stop, heard);
      if (isOver?.()) halt.abort();
      return result === undefined ? [] : [result as Result];
    } catch (error) {
      fail(error);
      return [];
    }
  });
  const results = (await Promise.all(threads)).flat();
  const [error] = failures;
  return { results, ...(failures.length > 0 ? { failure: { error } } : {}) };
}

/** Runs a thread to its end. It returns nothing where the stop came before it had begun: its code may take seconds to load. */
function runThread(
  assignment: Assignment,
  signal: AbortSignal,
  heard: { stopping(): void; notice(line: string): void },
): Promise<unknown> {
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  const thread = new Worker(new URL("./thread.ts", import.meta.url), {
    type: "module",
  });
  let begun = false;
  const stop = () => {
    if (begun) return thread.postMessage("stop");
    heard.stopping();
    resolve(undefined);
  };
  thread.addEventListener("message", ({ data }: MessageEvent<Report>) => {
    if (data.kind === "begun") begun = true;
    else if (data.kind === "notice") heard.notice(data.line);
    else if (data.kind === "stopping") heard.stopping();
    else if (data.kind === "done") resolve(data.result);
    else reject(errorOf(data.failure));
  });
  thread.addEventListener("error", (event) => {
    event.preventDefault();
    reject(
      new PipelineError(`A worker could not go on: ${event.message}`, {
        hint: "With --workers 1 there are none.",
      }),
    );
  });
  thread.postMessage(assignment);
  if (signal.aborted) stop();
  signal.addEventListener("abort", stop);
  return promise.finally(() => {
    signal.removeEventListener("abort", stop);
    thread.terminate();
  });
}
