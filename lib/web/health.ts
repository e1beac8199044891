/**
 * Whether what the page shows can be reached.
 *
 * @module
 */

import { OutageError } from "../base/errors.ts";
import { within } from "../base/pause.ts";
import { EventRegistry } from "../registry/registry.ts";
import { illHealth } from "./answers.ts";
import type { Health, Status } from "./api.ts";
import type { Pipeline } from "./pipeline.ts";

/** How long an answer may take, in milliseconds: a later one counts as none. */
const ANSWER_MS = 4_000;

/** Looks at Kafka, the registry and the store. */
export class HealthCheck {
  readonly #pipeline: Pipeline;
  readonly #askStore: () => Promise<unknown>;

  /**
   * Makes it.
   *
   * @param pipeline Where Kafka and the registry are.
   * @param askStore Asks the store something.
   */
  constructor(pipeline: Pipeline, askStore: () => Promise<unknown>) {
    this.#pipeline = pipeline;
    this.#askStore = askStore;
  }

  /** Looks at all of them now. */
  async status(): Promise<Status> {
    const { readOnly, topic, config, connection } = this.#pipeline;
    const [kafka, registry, store] = await Promise.all([
      this.#healthOf(
        "Kafka",
        () =>
          this.#pipeline.ask(
            (kafka) => kafka.inspector(),
            (inspector) => inspector.brokers(),
          ),
      ),
      this.#healthOf(
        "The Schema Registry",
        () => EventRegistry.connect(config, { ...connection, timeoutMs: 0 }),
      ),
      this.#healthOf("The database", this.#askStore),
    ]);
    return { readOnly, topic, kafka, registry, store };
  }

  async #healthOf(what: string, ask: () => Promise<unknown>): Promise<Health> {
    const { advise, signal } = this.#pipeline;
    try {
      await within(ask(), {
        timeoutMs: ANSWER_MS,
        signal,
        late: () => new OutageError(`${what} does not answer`),
      });
      return { ok: true };
    } catch (error) {
      return illHealth(error, advise);
    }
  }
}
