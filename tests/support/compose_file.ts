/**
 * `docker-compose.yml` as Docker Compose sees it: parsed, with the variables filled in, and checked against the Compose
 * Specification's JSON schema.
 *
 * Needs no permission: the file is part of the module graph, and so is the schema.
 *
 * @module
 */

import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { Ajv, type ErrorObject } from "ajv";
import { load as parseYaml } from "js-yaml";
import composeText from "../../docker-compose.yml" with { type: "text" };
// The schema itself is not among the package's exports. Importing its manifest has Deno fetch the package.
import "dclint/package.json" with { type: "json" };

/** What the tests read of a service. */
export interface ComposeService {
  /** Image with its tag. */
  image: string;
  /** Name for `docker exec` and `docker logs`. */
  container_name: string;
  /** Name that the container has for itself and, beside the service's, for the others. */
  hostname: string;
  /** `address:host port:container port`. */
  ports: string[];
  /** What the container's programs find in their environment. */
  environment: Record<string, string | number>;
  /** Health check; durations are like `10s`. */
  healthcheck: {
    test: string[];
    interval: string;
    timeout: string;
    retries: number;
    start_period: string;
  };
  /** Services that this one waits for. */
  depends_on?: Record<string, { condition: string }>;
  /** Networks by their key. */
  networks: string[];
  /** `volume:folder in the container`. */
  volumes?: string[];
  /** Restart policy. */
  restart: string;
  /** Profiles that it is started with; always without. */
  profiles?: string[];
}

/** What the tests read of the file. */
export interface ComposeFile {
  /** Name of the Compose project: the prefix of its volumes. */
  name: string;
  services: Record<string, ComposeService>;
  networks: Record<string, { name: string } | null>;
  volumes: Record<string, unknown>;
}

/** The file as it is committed. */
export const COMPOSE_TEXT: string = composeText;

/**
 * Reads the committed file as `docker compose` would with an environment.
 *
 * @param environment Variables that the file's `${NAME:-default}` may name.
 * @returns The file with every variable filled in.
 * @throws {Error} If the file has a form of variable that this does not know, which is all but `${NAME:-default}` and `$$`.
 */
export function readComposeFile(
  environment: Readonly<Record<string, string>> = {},
): ComposeFile {
  return interpolate(parseYaml(COMPOSE_TEXT), environment) as ComposeFile;
}

// Compose fills variables into values after it has parsed the YAML, and never into keys.
function interpolate(
  value: unknown,
  environment: Readonly<Record<string, string>>,
): unknown {
  if (typeof value === "string") {
    return value.replace(
      /\$(?:(\$)|\{([A-Z_0-9]+):-([^}]*)\}|)/g,
      (found, dollar, name, fallback) => {
        if (dollar !== undefined) return "$";
        if (name === undefined) {
          throw new Error(
            `Unknown form of variable '${found}' in docker-compose.yml: ${value}`,
          );
        }
        return environment[name] || fallback;
      },
    );
  }
  if (Array.isArray(value)) {
    return value.map((item) => interpolate(item, environment));
  }
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(
      Object.entries(value).map((
        [key, item],
      ) => [key, interpolate(item, environment)]),
    );
  }
  return value;
}

/**
 * Checks a document against the Compose Specification.
 *
 * @param document A parsed compose file.
 * @returns What is wrong with it: nothing for a valid one.
 */
export function composeSpecErrors(document: unknown): ErrorObject[] {
  const require = createRequire(import.meta.url);
  // Ajv knows the schema's draft (07, its default) under another spelling of the address.
  const { $schema: _draft, ...schema } = require(
    fileURLToPath(
      new URL(
        "schemas/compose.schema.json",
        import.meta.resolve("dclint/package.json"),
      ),
    ),
  );
  const validate = new Ajv({ strict: false, allErrors: true }).compile(schema);
  return validate(document) ? [] : validate.errors ?? [];
}

/**
 * Makes the broker's properties file of its environment, by the rule of its image: without `KAFKA_`, in lower case, `_` a
 * dot, `__` an underscore, `___` a dash.
 *
 * @param environment The broker's environment. Names without the prefix, and options for Java, are not properties.
 * @returns Kafka settings by name.
 */
export function brokerProperties(
  environment: Readonly<Record<string, string | number>>,
): Record<string, string> {
  const separators: Record<string, string> = { _: ".", __: "_", ___: "-" };
  return Object.fromEntries(
    Object.entries(environment)
      .filter(([name]) =>
        name.startsWith("KAFKA_") && name !== "KAFKA_HEAP_OPTS"
      )
      .map(([name, value]) => [
        name.slice("KAFKA_".length).replace(
          /_{1,3}/g,
          (found) => separators[found] ?? found,
        ).toLowerCase(),
        String(value),
      ]),
  );
}
