/**
 * Maven: what it fetches, and how its output is read for progress and for the cause of a failure.
 *
 * @module
 */

import { PipelineError } from "../base/errors.ts";
import { shorten } from "../base/terminal_text.ts";
import { programEnvironment, throwIfStopped } from "./shell.ts";

/** A program that Maven fetches. */
export interface Program {
  readonly title: string;
  /** The folder that it is put in, with its version in the name. */
  readonly folder: string;
  readonly artifact: string;
  /** Roughly how much is fetched if Maven has none of it, in MB. */
  readonly sizeMb: number;
  /** Maven's goal and its properties; `{output}` stands for the folder for the files. */
  readonly goals: readonly string[];
  /** The project that Maven reads. */
  readonly pom: string;
  /** The digests of its files, in the format of `sha256sum`. By default those of `programs.sha256`. */
  readonly digests?: string;
}

/** The version of Apache Kafka. */
export const KAFKA_VERSION = "4.4.0";

const PLUGIN = "org.apache.maven.plugins:maven-dependency-plugin";

/** The project for Maven: Kafka, its tools, and a logger. */
function pomOf(kafkaVersion: string): string {
  return `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>local</groupId>
  <artifactId>engine</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>
    <dependency>
      <groupId>org.apache.kafka</groupId>
      <artifactId>kafka_2.13</artifactId>
      <version>${kafkaVersion}</version>
    </dependency>
    <dependency>
      <groupId>org.apache.kafka</groupId>
      <artifactId>kafka-tools</artifactId>
      <version>${kafkaVersion}</version>
    </dependency>
    <dependency>
      <groupId>org.slf4j</groupId>
      <artifactId>slf4j-simple</artifactId>
      <version>1.7.36</version>
    </dependency>
  </dependencies>
</project>
`;
}

/** Returns a version of Apache Kafka: a folder of jars. */
export function kafkaProgram(version: string): Program {
  return {
    title: `Kafka ${version}`,
    folder: `kafka-${version}`,
    artifact: `org.apache.kafka:kafka_2.13:${version}`,
    sizeMb: 60,
    pom: pomOf(version),
    goals: [
      `${PLUGIN}:3.8.1:copy-dependencies`,
      "-DincludeScope=runtime",
      "-DoutputDirectory={output}",
    ],
  };
}

/** The version of Apache Kafka that an engine runs by default. */
export const KAFKA: Program = kafkaProgram(KAFKA_VERSION);

/** A version of Apicurio Registry. */
export interface RegistryProgram extends Program {
  readonly minJavaVersion: number;
  readonly jar: string;
}

/**
 * Apicurio Registry: an archive of jars. Its parent is not published, so it can't be a dependency. Later versions of the
 * plugin read the parent even for a copy, and fail.
 */
function apicurio(
  version: string,
  rest: Pick<RegistryProgram, "sizeMb" | "minJavaVersion" | "jar">,
): RegistryProgram {
  const artifact = `io.apicurio:apicurio-registry-app:${version}:tar.gz:all`;
  return {
    title: `Apicurio Registry ${version}`,
    folder: `apicurio-registry-${version}`,
    artifact,
    pom: pomOf(KAFKA_VERSION),
    goals: [
      `${PLUGIN}:2.10:copy`,
      `-Dartifact=${artifact}`,
      "-DoutputDirectory={output}",
    ],
    ...rest,
  };
}

/** The versions of Apicurio Registry, the newest first, which takes over the data of the older. */
export const APICURIOS: readonly [RegistryProgram, ...RegistryProgram[]] = [
  apicurio("3.3.3", {
    sizeMb: 159,
    minJavaVersion: 21,
    jar: "quarkus-run.jar",
  }),
  apicurio("3.0.9", {
    sizeMb: 109,
    minJavaVersion: 17,
    jar: "apicurio-registry-app-3.0.9-runner.jar",
  }),
];

/** Chooses the newest registry that a Java runs; the oldest where none does. */
export function apicurioFor(javaVersion: number): RegistryProgram {
  return APICURIOS.find(({ minJavaVersion }) =>
    minJavaVersion <= javaVersion
  ) ?? APICURIOS.at(-1) as RegistryProgram;
}

const BYTES: Record<string, number> = { B: 1, kB: 1e3, MB: 1e6, GB: 1e9 };

/** Adds up the transfers that Maven reports. */
export class TransferMeter {
  #done = 0;
  #open = 0;

  get bytes(): number {
    return this.#done + this.#open;
  }

  /** Reads a line of Maven's output, which ends in a line feed or a carriage return. */
  read(line: string): void {
    const whole = /^\s*Downloaded from .*\(([\d.]+) (B|kB|MB|GB) at /.exec(
      line,
    );
    if (whole) {
      this.#done += Number(whole[1]) * (BYTES[whole[2] ?? ""] ?? 0);
      this.#open = 0;
      return;
    }
    if (!/^\s*Progress \(\d+\):/.test(line)) return;
    this.#open = 0;
    for (
      const [, amount, unit] of line.matchAll(
        /([\d.]+)(?:\/[\d.]+)? (B|kB|MB|GB)/g,
      )
    ) {
      this.#open += Number(amount) * (BYTES[unit ?? ""] ?? 0);
    }
  }
}

/** Options for {@linkcode runMaven}. */
export interface MavenOptions {
  /** A folder for the project and for what is fetched. */
  readonly folder: string;
  readonly logFile: string;
  readonly onBytes: (bytes: number) => unknown;
  readonly signal?: AbortSignal | undefined;
}

/** Compiles quickly instead of well: Maven runs for seconds, and half of its work would be the compiler's. The user's options win. */
const QUICK = "-XX:TieredStopAtLevel=1";

/** Has Maven fetch a program. The error says what could not be downloaded and from where. */
export async function runMaven(
  program: Program,
  options: MavenOptions,
): Promise<void> {
  const { folder, logFile, onBytes, signal } = options;
  throwIfStopped(signal);
  await Deno.writeTextFile(`${folder}/pom.xml`, program.pom);
  // Maven takes options and extensions from the nearest `.mvn`, of a folder above the checkout too.
  await Deno.mkdir(`${folder}/.mvn`);
  using log = await Deno.open(logFile, {
    create: true,
    write: true,
    truncate: true,
  });
  const environment = programEnvironment("maven");
  const { MAVEN_OPTS: own = "" } = environment;
  const meter = new TransferMeter();
  let problem = "";
  try {
    // Without --batch-mode: only then does Maven 3 say how far a transfer is.
    const child = new Deno.Command("mvn", {
      args: [
        "--file",
        `${folder}/pom.xml`,
        // Without it, a file that does not match its checksum is a warning.
        "--strict-checksums",
        "-Dstyle.color=never",
        "-Daether.connector.connectTimeout=15000",
        "-Daether.connector.requestTimeout=60000",
        ...program.goals.map((goal) => goal.replace("{output}", folder)),
      ],
      clearEnv: true,
      env: { ...environment, MAVEN_OPTS: `${QUICK} ${own}`.trim() },
      stdin: "null",
      stdout: "piped",
      stderr: "null",
      ...(signal && { signal }),
    }).spawn();
    const decoder = new TextDecoder();
    let rest = "";
    for await (const chunk of child.stdout) {
      await log.write(chunk);
      const lines = (rest + decoder.decode(chunk, { stream: true })).split(
        /[\r\n]/,
      );
      rest = lines.pop() ?? "";
      for (const line of lines) {
        meter.read(line);
        if (!problem && line.startsWith("[ERROR]")) problem = line;
      }
      onBytes(meter.bytes);
    }
    if ((await child.status).success) return;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new PipelineError("Maven (mvn) was not found", {
      hint: INSTALL_JAVA,
      cause: error,
    });
  }
  throwIfStopped(signal);
  throw downloadError(program, { problem, logFile });
}

const MAX_PROBLEM_LENGTH = 400;

/** Makes the error of a download that failed. Its message names the server as Maven does. */
export function downloadError(
  program: Program,
  output: { readonly problem: string; readonly logFile: string },
): PipelineError {
  const problem = output.problem.replace("[ERROR] ", "");
  const server = /from\/to (\S+ \([^)]*\))/.exec(problem)?.[1];
  const from = server ? ` from ${server}` : "";
  return new PipelineError(
    `Could not download ${program.title} (${program.artifact})${from}`,
    {
      hint: [
        ...(problem ? [shorten(problem, MAX_PROBLEM_LENGTH)] : []),
        "Maven's repository must be reachable, directly or through the mirror or proxy in ~/.m2/settings.xml.",
        `Maven's log is ${output.logFile}. Run the same command again: finished files are kept.`,
      ].join("\n"),
    },
  );
}

/** How to install Java and Maven. */
export const INSTALL_JAVA: string =
  "Install Java 17 or later, and Maven: `apt-get install openjdk-17-jre-headless maven` (Debian, Ubuntu), " +
  "`dnf install java-21-openjdk-headless maven` (Fedora), `brew install openjdk maven` (macOS)";
