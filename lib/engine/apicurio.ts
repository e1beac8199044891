/**
 * Apicurio Registry with its data in a file, in one Java process.
 *
 * @module
 */

import { ensurePrograms } from "./download.ts";
import { JavaProcess } from "./java_process.ts";
import { APICURIO_VERSION } from "./maven.ts";
import { foldersOf, readIfThere, writeWhole } from "./paths.ts";
import { registryAnswers, setDefaultCompatibility } from "./ready.ts";
import type { Watchdog } from "./watchdog.ts";

/** Where Apicurio has the API of Confluent's Schema Registry. */
export const CONFLUENT_API = "/apis/ccompat/v7";

/** The compatibility level of a new Schema Registry of Confluent's. */
const CONFLUENT_DEFAULT = "BACKWARD";

const JAVA_OPTIONS = [
  "-Xms64m",
  "-Xmx256m",
  "-XX:+UseSerialGC",
  "-XX:TieredStopAtLevel=1",
  "-XX:-UsePerfData",
  "-Xshare:auto",
];

/** Settings of {@linkcode registryProcess}. */
export interface RegistryOptions {
  /** The state folder: data, logs and records go there. */
  readonly dir: string;
  /** The port. */
  readonly port: () => number;
  /** The folder for the programs. By default that of the checkout. */
  readonly programs?: string;
  /** Ends it when this process dies. Without it, the registry lives on. */
  readonly watchdog?: Watchdog;
}

/**
 * Makes the registry's process, which is not started yet.
 *
 * @param options Port, folder and how it ends.
 * @returns The process.
 */
export function registryProcess(options: RegistryOptions): JavaProcess {
  const { run, logs, data } = foldersOf(options.dir);
  return new JavaProcess({
    name: "registry",
    title: `Apicurio Registry ${APICURIO_VERSION}`,
    run,
    logs,
    prepare: async () => {
      const { apicurio } = await ensurePrograms(options.programs);
      await Deno.mkdir(`${data}/registry`, { recursive: true });
      return {
        args: [
          ...JAVA_OPTIONS,
          "-Dquarkus.http.host=127.0.0.1",
          `-Dquarkus.http.port=${options.port()}`,
          "-jar",
          `${apicurio}/apicurio-registry-app-${APICURIO_VERSION}-runner.jar`,
        ],
        env: {
          APICURIO_STORAGE_KIND: "sql",
          APICURIO_STORAGE_SQL_KIND: "h2",
          // Without the second half, H2 holds a commit back for half a second, and a crash then loses a schema whose id
          // is in messages already.
          APICURIO_DATASOURCE_URL:
            `jdbc:h2:file:${data}/registry/registry;WRITE_DELAY=0`,
        },
      };
    },
    probe: async (signal) => {
      const api = `http://localhost:${options.port()}${CONFLUENT_API}`;
      await registryAnswers(api, signal);
      // Apicurio allows every change by default. It keeps what is set, so that later starts leave the level to the user.
      const isSet = `${data}/registry/compatibility-is-set`;
      if (await readIfThere(isSet) !== undefined) return;
      await setDefaultCompatibility(api, { level: CONFLUENT_DEFAULT, signal });
      await writeWhole(isSet, `${CONFLUENT_DEFAULT}\n`);
    },
    ...(options.watchdog && { watchdog: options.watchdog }),
  });
}
