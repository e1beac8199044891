/**
 * Creating a topic on a cluster.
 *
 * @module
 */

import type { WaitOptions } from "../base/retry.ts";
import type { Config } from "../settings/config.ts";
import type { TopicSpec } from "./admin.ts";
import { type KafkaOptions, withAdmin } from "./client.ts";
import { explainKafkaError } from "./errors.ts";
import { checkTopicName, ensureTopic, type TopicResult } from "./topic.ts";

/**
 * Creates a topic, unless it is there.
 *
 * @param config Where the brokers are.
 * @param spec The topic.
 * @param options How long to wait for Kafka, and what to call meanwhile.
 * @returns Its layout, and whether it was created.
 * @throws {UsageError} If the broker refuses a number as out of range.
 * @throws {PipelineError} If Kafka can't be reached, or refuses.
 */
export function createTopic(
  config: Config,
  spec: TopicSpec,
  options: KafkaOptions & WaitOptions = {},
): Promise<TopicResult> {
  checkTopicName(spec.topic);
  return withAdmin(config, options, async (admin) => {
    try {
      return await ensureTopic(admin, spec);
    } catch (error) {
      throw explainKafkaError(error, config, `Creating topic '${spec.topic}'`);
    }
  });
}
