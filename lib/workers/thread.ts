/**
 * One thread of a task: does its share, and tells how it ended.
 *
 * @module
 */

import { type ConsumeFlags, consumeShare } from "./consume.ts";
import { type Assignment, failureOf, type Report } from "./pool.ts";
import { type ProduceFlags, produceShare } from "./produce.ts";
import { SharedRun } from "./shared_run.ts";

/** What a thread has in the place of a window. */
interface Thread {
  postMessage(report: Report): void;
  addEventListener(
    type: "message",
    listener: (event: MessageEvent<Assignment | "stop">) => void,
  ): void;
}

const thread = globalThis as unknown as Thread;
const stop = new AbortController();

function work(assignment: Assignment): Promise<unknown> {
  const { task, flags, memory, index, of } = assignment;
  const share = {
    index,
    of,
    run: new SharedRun(memory),
    signal: stop.signal,
    notify: (line: string) => thread.postMessage({ kind: "notice", line }),
    stopping: () => thread.postMessage({ kind: "stopping" }),
  };
  return task === "consume"
    ? consumeShare(flags as ConsumeFlags, share)
    : produceShare(flags as ProduceFlags, share);
}

thread.addEventListener("message", async ({ data }) => {
  if (data === "stop") return stop.abort();
  thread.postMessage({ kind: "begun" });
  try {
    thread.postMessage({ kind: "done", result: await work(data) });
  } catch (error) {
    thread.postMessage({ kind: "failed", failure: failureOf(error) });
  }
});
