/**
 * Whether what the page shows can be reached.
 *
 * @module
 */

import { OutageError } from "../base/errors.ts";
import { within } from "../base/pause.ts";
import { EventRegistry } from "../registry/registry.ts";
import { errorAnswer } from "./answers.ts";
import type { Health, Status } from "./api.ts";
import type { Pipeline } from "./pipeline.ts";
import type { StoreLag } from "./store_lag.ts";

/** How long an answer may take, in milliseconds: a later one counts as none. */
const ANSWER_MS = 4_000;

/** Looks at Kafka, at the registry, and at the store by asking it where it stands. */
export async function lookAtHealth(
  pipeline: Pipeline,
  store: { readonly version: () => Promise<string>; readonly lag: StoreLag },
): Promise<Status> {
  const { readOnly, topic, config, connection, advise, signal } = pipeline;
  const healthOf = async (
    what: string,
    asked: Promise<unknown>,
  ): Promise<Health> => {
    try {
      await within(asked, {
        timeoutMs: ANSWER_MS,
        signal,
        late: () => new OutageError(`${what} does not answer`),
      });
      return { ok: true };
    } catch (error) {
      return { ok: false, ...errorAnswer(error, advise) };
    }
  };
  const version = store.version();
  const [kafka, registry, database, behind] = await Promise.all([
    healthOf(
      "Kafka",
      pipeline.ask(
        (kafka) => kafka.inspector(),
        (inspector) => inspector.brokers(),
      ),
    ),
    healthOf(
      "The Schema Registry",
      EventRegistry.connect(config, { ...connection, timeoutMs: 0 }),
    ),
    healthOf("The database", version),
    version.then((version) => store.lag.behind(version), () => 0),
  ]);
  return { readOnly, topic, kafka, registry, store: database, behind };
}
