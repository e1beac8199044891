/**
 * Apicurio Registry in one Java process, with its data in a file.
 *
 * @module
 */

import { readIfThere, writeWhole } from "../base/files.ts";
import { requestRegistry } from "../registry/transport.ts";
import { archiveOptions } from "./class_archive.ts";
import { ensurePrograms } from "./download.ts";
import { JavaProcess, type PartOptions, SMALL_JAVA } from "./java_process.ts";
import { foldersOf } from "./paths.ts";
import { registryAnswers } from "./ready.ts";

/** The path of the API that is compatible with Confluent's Schema Registry. */
export const CONFLUENT_API = "/apis/ccompat/v7";

const CONFLUENT_DEFAULT = "BACKWARD";

const JAVA_OPTIONS = ["-Xms64m", "-Xmx256m", ...SMALL_JAVA];

/** Options for {@linkcode registryProcess}. */
export interface RegistryOptions extends PartOptions {
  readonly port: () => number;
}

/** Makes the registry's process, which is not started yet. */
export function registryProcess(options: RegistryOptions): JavaProcess {
  const { run, logs, data } = foldersOf(options.dir);
  return new JavaProcess({
    name: "registry",
    title: "Apicurio Registry",
    run,
    logs,
    prepare: async (signal) => {
      const { registryJar } = await ensurePrograms({
        ...options.programs,
        signal,
      });
      await Deno.mkdir(`${data}/registry`, { recursive: true });
      return {
        args: [
          ...JAVA_OPTIONS,
          ...await archiveOptions(registryJar, {
            write: options.archiveClasses,
          }),
          "-Dquarkus.http.host=127.0.0.1",
          `-Dquarkus.http.port=${options.port()}`,
          // The newer registry's port for probes, which would be open to the network.
          "-Dquarkus.management.host-enabled=false",
          "-jar",
          registryJar,
        ],
        env: {
          APICURIO_STORAGE_KIND: "sql",
          APICURIO_STORAGE_SQL_KIND: "h2",
          // By default H2 delays a commit by half a second: a crash loses a schema whose id is in messages already.
          APICURIO_DATASOURCE_URL:
            `jdbc:h2:file:${data}/registry/registry;WRITE_DELAY=0`,
        },
      };
    },
    probe: async () => {
      const api = `http://localhost:${options.port()}${CONFLUENT_API}`;
      await registryAnswers(api);
      // Apicurio allows every change by default. It keeps what is set, so that later starts leave the level to the user.
      const isSet = `${data}/registry/compatibility-is-set`;
      if (await readIfThere(isSet) !== undefined) return;
      await requestRegistry("put", `${api}/config`, {
        body: JSON.stringify({ compatibility: CONFLUENT_DEFAULT }),
      });
      await writeWhole(isSet, `${CONFLUENT_DEFAULT}\n`);
    },
  });
}
