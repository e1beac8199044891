/**
 * `.github/workflows/ci.yml` runs what this checkout has, with the least rights. GitHub's own rules are not checked here.
 *
 * @module
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { load as parseYaml } from "js-yaml";
import workflowText from "../.github/workflows/ci.yml" with { type: "text" };
import ciRunText from "../.ci/run" with { type: "text" };
import manifest from "../deno.json" with { type: "json" };
import { OFFLINE_FOLDER } from "../lib/setup/offline_folder.ts";
import { readComposeFile } from "./support/compose_file.ts";

interface Step {
  uses?: string;
  run?: string;
  with?: Record<string, unknown>;
}

interface Workflow {
  on: Record<string, unknown>;
  permissions: Record<string, string>;
  concurrency: Record<string, unknown>;
  jobs: Record<
    string,
    { "timeout-minutes"?: number; env?: Record<string, string>; steps: Step[] }
  >;
}

const workflow = parseYaml(workflowText) as Workflow;
const jobs = Object.entries(workflow.jobs);
const commands = jobs.flatMap(([, { steps }]) => steps)
  .flatMap(({ run }) => run ?? []).join("\n");

function commandsOf(job: string): string[] {
  return workflow.jobs[job]?.steps.flatMap(({ run }) => run ?? []) ?? [];
}

Deno.test("ci.yml runs on every push and pull request, and may read the code and no more", () => {
  assertEquals(Object.keys(workflow.on), ["push", "pull_request"]);
  assertEquals(workflow.permissions, { contents: "read" });
  assertEquals(workflow.concurrency["cancel-in-progress"], true);
});

Deno.test("ci.yml gives each job a deadline and the Deno of this project", () => {
  assertEquals(jobs.map(([name]) => name), ["packages", "docker", "local"]);
  for (const [name, { "timeout-minutes": minutes, steps }] of jobs) {
    assert(minutes && minutes <= 30, `${name}: ${minutes} minutes`);
    const deno = steps.find(({ uses }) => uses?.startsWith("denoland/"));
    assertMatch(String(deno?.with?.["deno-version"]), /^2\.\d+\.x$/);
  }
});

Deno.test("ci.yml pins each action to a major version", () => {
  const actions = jobs.flatMap(([, { steps }]) => steps)
    .flatMap(({ uses }) => uses ?? []);
  assert(actions.length > 0);
  for (const action of actions) {
    assertMatch(action, /^(actions|denoland)\/[a-z-]+@v\d+$/);
  }
});

Deno.test("ci.yml and .ci/run call tasks and permission sets that deno.json has", () => {
  const called = `${commands}\n${ciRunText}`;
  const tasks = [...called.matchAll(/deno task ([a-z]+)/g)]
    .map(([, name]) => name);
  assert(tasks.includes("check") && tasks.includes("test"));
  for (const name of tasks) {
    assert(name && name in manifest.tasks, `deno.json has no task '${name}'`);
  }
  const sets = [...called.matchAll(/ -P=([a-z]+)/g)].map(([, name]) => name);
  assert(sets.length > 0);
  for (const name of sets) {
    assert(
      name && name in manifest.permissions,
      `deno.json has no permission set '${name}'`,
    );
  }
});

Deno.test("ci.yml checks, then tests against docker compose where docker-compose.yml puts it", () => {
  const steps = commandsOf("docker");
  const order = [
    "deno task check",
    "docker compose up -d --wait",
    "deno test --no-prompt -P=test",
    "docker compose down -v",
  ].map((command) => steps.findIndex((step) => step.startsWith(command)));
  assert(!order.includes(-1), `${order}`);
  assertEquals(order, order.toSorted((a, b) => a - b));
  const published = Object.values(readComposeFile().services)
    .map(({ ports }) => ports[0]?.split(":")[1]);
  assertEquals(workflow.jobs.docker?.env, {
    KAFKA_BROKERS: `localhost:${published[0]}`,
    SCHEMA_REGISTRY_URL: `http://localhost:${published[1]}`,
  });
  for (
    const [, container] of commands.matchAll(/docker exec ([a-z-]+)/g)
  ) {
    assertEquals(container, readComposeFile().services.broker?.container_name);
  }
});

Deno.test("ci.yml checks and tests the published packages, and fails if stand-ins are in use", () => {
  assertEquals(commandsOf("packages"), [
    "deno task setup",
    `test ! -e ${OFFLINE_FOLDER}`,
    "deno check --no-lock",
    "deno test --no-lock --no-prompt -P=test",
  ]);
});

Deno.test("ci.yml runs .ci/run with Java and without Docker", () => {
  assertEquals(commandsOf("local"), ["bash .ci/run"]);
  const java = workflow.jobs.local?.steps
    .find(({ uses }) => uses?.startsWith("actions/setup-java@"));
  assertEquals(java?.with?.["java-version"], "17");
});
