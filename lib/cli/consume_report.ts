/**
 * What `deno task consume` prints.
 *
 * @module
 */

import { toJsonLine } from "../events/record_json.ts";
import { printable } from "../base/terminal_text.ts";
import type { EventHandler } from "../consume/handler.ts";
import type { EventText } from "./event_text.ts";
import { MemberReport, type MemberReportOptions } from "./member_report.ts";
import {
  output,
  OutputClosedError,
  OutputStalledError,
  printLine,
} from "./output.ts";
import { Progress } from "./progress.ts";
import { describeRecord } from "./record_text.ts";

/** What is consumed, and how much of it is printed. */
export interface ConsumeReportOptions extends MemberReportOptions {
  readonly text: EventText<unknown>;
}

/** Prints a run of the consumer. */
export class ConsumeReport extends MemberReport<ConsumeReportOptions> {
  /** How many events were printed. They are done when the output has taken them. */
  #printed = 0;

  constructor(options: ConsumeReportOptions) {
    const { topic, group } = options;
    super(options, {
      name: "Consumer",
      listening: `Listening to topic '${topic}' (group: ${
        printable(group)
      })...`,
      done: "Consumed",
      total: "messages consumed",
    });
  }

  protected override begin(): void {
    const { quiet, count } = this.options;
    this.say("=".repeat(80));
    if (!quiet) return;
    this.progress = new Progress(() => ({
      done: "Consumed",
      count: this.#printed,
      startedAt: this.listeningSince ?? 0,
      share: count && this.#printed / count,
    }));
  }

  readonly consumed: EventHandler<unknown> = (record) => {
    const { json, quiet, text } = this.options;
    this.#printed++;
    if (json) printLine(toJsonLine(record));
    else if (!quiet) printLine(describeRecord(this.#printed, record, text));
    return output.full ? output.written() : undefined;
  };

  /** Waits until the output has taken every event, so that nothing is committed that was not shown. */
  readonly shown = async (): Promise<void> => {
    const printed = this.#printed;
    await output.written();
    this.taken = this.done = printed;
  };

  override async closed(): Promise<void> {
    this.stopping();
    await this.shown().catch(() => {});
    await super.closed();
  }

  override account(failed: boolean): void {
    const { failure } = output;
    if (failure instanceof OutputStalledError) {
      super.account(true, ["the reader of the output has stopped reading"]);
    } else if (!(failure instanceof OutputClosedError)) super.account(failed);
    // `| head` has what it wants.
  }
}
