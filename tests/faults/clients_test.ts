/**
 * Producers and consumers may be killed at any time, and the broker under them, and what was acknowledged is still there and processed:
 * fault tests, short as a rule, long by `deno task test:faults`. `FAULTS_ONLY` picks those with a text in their name, `FAULTS_SEED`
 * repeats the chance of one.
 */

import { CONSUMER_FAULTS } from "./consumer.ts";
import { DEAD_LETTER_FAULTS } from "./dead_letters.ts";
import { PRODUCER_FAULTS } from "./producer.ts";
import { FaultEngine } from "./support/fault_engine.ts";
import { faultTests } from "./support/fault_tests.ts";

faultTests("nothing is lost by producers and consumers", [
  ...PRODUCER_FAULTS,
  ...CONSUMER_FAULTS,
  ...DEAD_LETTER_FAULTS,
], FaultEngine.start);
