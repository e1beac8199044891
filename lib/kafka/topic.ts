/**
 * Topics: their names, and their layout.
 *
 * @module
 */

import { PipelineError, UsageError } from "../base/errors.ts";
import type { WaitOptions } from "../base/retry.ts";
import { closestTo } from "../base/suggestion.ts";
import type { Config } from "../settings/config.ts";
import type { Admin, TopicLayout, TopicSpec } from "./admin.ts";
import { type KafkaOptions, withAdmin } from "./client.ts";
import { explainMissingRight } from "./denial.ts";
import { protocolCodeOf } from "./errors.ts";

/** A topic's layout, and how it came to be. */
export interface TopicResult extends TopicLayout {
  /** Whether it was created just now. */
  readonly created: boolean;
}

/** Checks a topic's name by Kafka's rule, before a broker has to. */
export function checkTopicName(topic: string): string {
  if (
    !/^[a-zA-Z0-9._-]{1,249}$/.test(topic) || topic === "." || topic === ".."
  ) {
    throw new UsageError(`Illegal topic name: "${topic}"`, {
      hint:
        "A topic's name has 1 to 249 characters: letters, digits, dots, underscores and hyphens.",
    });
  }
  return topic;
}

/** Reads how a topic is laid out; undefined if it does not exist. */
export async function describeTopic(
  admin: Admin,
  topic: string,
): Promise<TopicLayout | undefined> {
  try {
    return await admin.topicLayout(topic);
  } catch (error) {
    throw explainMissingRight(error, `Looking up topic '${topic}'`) ?? error;
  }
}

/**
 * Makes the error for a topic that isn't there.
 *
 * @param names Those of the topics that are: one of them may be meant.
 */
export function missingTopic(
  topic: string,
  names: readonly string[] = [],
): PipelineError {
  const meant = closestTo(topic, names);
  return new PipelineError(`Topic '${topic}' does not exist`, {
    code: "topic-missing",
    details: { topic },
    hint: meant && `Did you mean '${meant}'?`,
  });
}

/** Looks up a topic that has to exist, and runs another check with the same client. */
export async function requireTopic(
  config: Config,
  options: KafkaOptions & WaitOptions & {
    readonly topic: string;
    readonly check?:
      | ((admin: Admin, topic: string) => Promise<void>)
      | undefined;
  },
): Promise<TopicLayout> {
  const { topic, check } = options;
  return await withAdmin(config, options, async (admin) => {
    const layout = await describeTopic(admin, topic);
    if (!layout) throw missingTopic(topic, await admin.topicNames());
    await check?.(admin, topic);
    return layout;
  });
}

/** With how many replicas a topic is made to keep its acknowledged messages though a broker is lost. */
const SAFE_REPLICAS_COUNT = 3;

/**
 * Creates a topic with a connected client, unless it is there. With three replicas or more, a message that all replicas acknowledge is on
 * two brokers at least, and one broker can be lost (`min.insync.replicas` 2).
 *
 * @throws {UsageError} If the broker refuses a number as out of range.
 * @throws {PipelineError} If there are fewer brokers than replicas.
 */
export async function ensureTopic(
  admin: Admin,
  spec: TopicSpec,
): Promise<TopicResult> {
  const { topic, partitions, replicationFactor } = spec;
  const existing = await describeTopic(admin, topic);
  if (existing) return { ...existing, created: false };
  try {
    const created = await admin.createTopic(
      replicationFactor < SAFE_REPLICAS_COUNT ? spec : {
        ...spec,
        settings: { "min.insync.replicas": "2", ...spec.settings },
      },
    );
    if (created) return { partitions, replicationFactor, created };
    // Another client has just created it.
    const raced = await describeTopic(admin, topic);
    return { partitions, replicationFactor, ...raced, created };
  } catch (error) {
    const code = protocolCodeOf(error);
    if (code === "INVALID_REPLICATION_FACTOR") {
      const { length: brokersCount } = await admin.brokers();
      throw new PipelineError(
        `Can't put ${replicationFactor} replicas of each partition on ${brokersCount} ` +
          `broker${brokersCount === 1 ? "" : "s"}`,
        {
          cause: error,
          code: "replication-factor",
          details: { brokersCount },
        },
      );
    }
    if (code === "INVALID_PARTITIONS") {
      throw new UsageError(`The broker refuses ${partitions} partitions`, {
        cause: error,
      });
    }
    throw error;
  }
}

/**
 * Creates a topic, unless it is there.
 *
 * @throws {UsageError} If the broker refuses a number as out of range.
 * @throws {PipelineError} If Kafka can't be reached, or refuses.
 */
export function createTopic(
  config: Config,
  spec: TopicSpec,
  options: KafkaOptions & WaitOptions = {},
): Promise<TopicResult> {
  checkTopicName(spec.topic);
  const action = `Creating topic '${spec.topic}'`;
  return withAdmin(
    config,
    { ...options, action },
    (admin) => ensureTopic(admin, spec),
  );
}
