/**
 * Maven: what is fetched with it, and its output read for progress and for what went wrong.
 *
 * @module
 */

import { PipelineError } from "../base/errors.ts";

/** A program that Maven fetches. */
export interface Program {
  /** Its name in messages. */
  readonly title: string;
  /** The folder that it goes to, its version in the name. */
  readonly folder: string;
  /** The artifact that must be there. */
  readonly artifact: string;
  /** Roughly how much is fetched where nothing is there yet, in MB. */
  readonly megabytes: number;
  /** What Maven is asked to do; `{output}` stands for the folder that the files go to. */
  readonly goals: readonly string[];
}

/** The version of Apache Kafka. */
export const KAFKA_VERSION = "4.2.0";

/** The version of Apicurio Registry. */
export const APICURIO_VERSION = "3.0.9";

const PLUGIN = "org.apache.maven.plugins:maven-dependency-plugin";

/** The project that Maven is given: Kafka and its tools, and where their log lines go. */
export const POM = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>local</groupId>
  <artifactId>engine</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>
    <dependency>
      <groupId>org.apache.kafka</groupId>
      <artifactId>kafka_2.13</artifactId>
      <version>${KAFKA_VERSION}</version>
    </dependency>
    <dependency>
      <groupId>org.apache.kafka</groupId>
      <artifactId>kafka-tools</artifactId>
      <version>${KAFKA_VERSION}</version>
    </dependency>
    <dependency>
      <groupId>org.slf4j</groupId>
      <artifactId>slf4j-simple</artifactId>
      <version>1.7.36</version>
    </dependency>
  </dependencies>
</project>
`;

/** Apache Kafka: a folder of jars. */
export const KAFKA: Program = {
  title: "Apache Kafka",
  folder: `kafka-${KAFKA_VERSION}`,
  artifact: `org.apache.kafka:kafka_2.13:${KAFKA_VERSION}`,
  megabytes: 60,
  goals: [
    `${PLUGIN}:3.8.1:copy-dependencies`,
    "-DincludeScope=runtime",
    "-DoutputDirectory={output}",
  ],
};

/**
 * Apicurio Registry: an archive with a folder of jars. Its parent is not on Maven Central, so it can't be a dependency, and
 * later versions of the plugin, which read the parent even for a copy, fail.
 */
export const APICURIO: Program = {
  title: "Apicurio Registry",
  folder: `apicurio-registry-${APICURIO_VERSION}`,
  artifact: `io.apicurio:apicurio-registry-app:${APICURIO_VERSION}:tar.gz:all`,
  megabytes: 109,
  goals: [
    `${PLUGIN}:2.10:copy`,
    `-Dartifact=io.apicurio:apicurio-registry-app:${APICURIO_VERSION}:tar.gz:all`,
    "-DoutputDirectory={output}",
  ],
};

const BYTES: Record<string, number> = { B: 1, kB: 1e3, MB: 1e6, GB: 1e9 };

/** Adds up what Maven says that it has fetched. */
export class TransferMeter {
  #done = 0;
  #open = 0;

  /** How many bytes came so far. */
  get bytes(): number {
    return this.#done + this.#open;
  }

  /**
   * Reads a line of Maven's output.
   *
   * @param line A line that ends in a line feed or a carriage return.
   */
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

/** Settings of {@linkcode runMaven}. */
export interface MavenOptions {
  /** A folder for the project and for what is fetched. */
  readonly folder: string;
  /** The file for Maven's output. */
  readonly logFile: string;
  /** Told how many bytes came so far. */
  readonly onBytes: (bytes: number) => void;
}

/**
 * Has Maven fetch a program.
 *
 * @param program The program.
 * @param options Where to, and who is told about progress.
 * @throws {PipelineError} If Maven is missing or fails. The message says which artifact, and the hint where Maven's log is.
 */
export async function runMaven(
  program: Program,
  options: MavenOptions,
): Promise<void> {
  const { folder, logFile } = options;
  await Deno.writeTextFile(`${folder}/pom.xml`, POM);
  const log = await Deno.open(logFile, {
    create: true,
    write: true,
    truncate: true,
  });
  const meter = new TransferMeter();
  let problem = "";
  try {
    // Without --batch-mode: only then does Maven 3 say how far a transfer is.
    const child = new Deno.Command("mvn", {
      args: [
        "--file",
        `${folder}/pom.xml`,
        "-Dstyle.color=never",
        "-Daether.connector.connectTimeout=15000",
        "-Daether.connector.requestTimeout=60000",
        ...program.goals.map((goal) => goal.replace("{output}", folder)),
      ],
      stdin: "null",
      stdout: "piped",
      stderr: "null",
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
      options.onBytes(meter.bytes);
    }
    if ((await child.status).success) return;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new PipelineError("Maven (mvn) was not found", {
      hint: INSTALL_JAVA,
      cause: error,
    });
  } finally {
    log.close();
  }
  throw new PipelineError(
    `Could not download ${program.title}: Maven failed on ${program.artifact}`,
    {
      hint: [
        ...(problem ? [shorten(problem.replace("[ERROR] ", ""))] : []),
        "Maven Central must be reachable, directly or through the mirror or proxy in ~/.m2/settings.xml.",
        `Maven's log is ${logFile}. Run the same command again: what came already is kept.`,
      ].join("\n"),
    },
  );
}

const MAX_PROBLEM = 400;

function shorten(text: string): string {
  return text.length > MAX_PROBLEM ? `${text.slice(0, MAX_PROBLEM)}…` : text;
}

/** How to install Java and Maven. */
export const INSTALL_JAVA: string =
  "Install Java 17 or later, and Maven: `apt-get install openjdk-17-jre-headless maven` (Debian, Ubuntu), " +
  "`dnf install java-21-openjdk-headless maven` (Fedora), `brew install openjdk maven` (macOS)";
