/**
 * `deno task produce`: produces events to a topic.
 *
 * @module
 */

import { UsageError } from "../base/errors.ts";
import type { EventType } from "../events/event_type.ts";
import { PARTITIONERS } from "../kafka/partitioner.ts";
import { produceItems } from "../produce/produce.ts";
import { openRejects } from "../produce/rejects.ts";
import { openResumePoint } from "../produce/resume_point.ts";
import type { Acks } from "../kafka/message_producer.ts";
import { fakedEvents } from "../produce/sources/faked.ts";
import { InputFile } from "../produce/sources/file.ts";
import {
  fileEvents,
  type FileEventsOptions,
} from "../produce/sources/file_events.ts";
import { FILE_FORMATS, formatOf } from "../produce/sources/format.ts";
import { generatedEvents } from "../produce/sources/generated.ts";
import { atRate, paced } from "../produce/sources/paced.ts";
import type { SourceItem } from "../produce/sources/source.ts";
import type { SchemaChoice } from "../registry/serializer.ts";
import { EXIT, task } from "./command.ts";
import { EVENT_FLAGS, readEvent } from "./event_flags.ts";
import {
  type FlagValues,
  integerFlag,
  numberFlag,
  switchFlag,
  textFlag,
} from "./flags.ts";
import { ProduceReport } from "./produce_report.ts";
import { stopSignal } from "./signals.ts";
import {
  CONNECTION_FLAGS,
  connectionFrom,
  inputPath,
  JSON_FLAG,
  QUIET_FLAG,
} from "./task_flags.ts";
import { METRICS_FLAGS, observe } from "./telemetry.ts";

const FLAGS = {
  ...EVENT_FLAGS,
  count: integerFlag(
    "N",
    "how many events: default 5 random ones, or all of a file",
    { min: 1, max: 1_000_000_000 },
  ),
  interval: integerFlag(
    "MS",
    "milliseconds between random events: default 200; a file goes at full speed",
    { min: 0, max: 3_600_000 },
  ),
  rate: numberFlag("N", "how many events a second, of a file too", {
    min: 0.001,
    max: 1_000_000,
  }),
  file: textFlag(
    "PATH",
    "read events from a file, plain or gzip; - is standard input",
  ),
  format: textFlag(
    "NAME",
    "what the file holds: one JSON object a line, JSON in any layout, or CSV with a header; by its name, else ndjson",
    { choices: FILE_FORMATS },
  ),
  rejects: textFlag(
    "FILE",
    "keep what is rejected of --file in a file, to be fixed and sent, and the reasons beside it; a bare name is kept in .rejects/",
  ),
  "dry-run": switchFlag("check the events, and send nothing"),
  acks: textFlag(
    "N",
    "how many brokers must have an event: default 1, or all with --idempotent",
    { choices: ["0", "1", "all"] },
  ),
  partitioner: textFlag(
    "NAME",
    "which partition a key belongs to: as in librdkafka and Python, or as in Java",
    { default: "crc32", choices: PARTITIONERS },
  ),
  seed: integerFlag("N", "generate the same events again", {
    min: 0,
    max: 4_294_967_295,
  }),
  idempotent: switchFlag(
    "no retry puts an event in the topic twice; takes acks all",
  ),
  "use-latest": switchFlag(
    "write by the subject's latest schema, and register nothing",
  ),
  "no-register": switchFlag(
    "register nothing: the registry must have the event's schema",
  ),
  resume: textFlag(
    "STATEFILE",
    "continue where the last run of --file stopped; a bare name is kept in .resume/",
  ),
  json: JSON_FLAG,
  quiet: QUIET_FLAG,
  ...METRICS_FLAGS,
  ...CONNECTION_FLAGS,
};

type ProduceFlags = FlagValues<typeof FLAGS>;

const ACKS: Record<string, Acks> = { "0": 0, "1": 1, all: "all" };

const DEFAULT_COUNT = 5;
const DEFAULT_INTERVAL_MS = 200;

/** The command. */
export const produceCommand = task({
  name: "produce",
  summary:
    "Produces events to a topic: random ones, or those of a file (NDJSON, JSON or CSV).",
  flags: FLAGS,
  examples: [
    [
      "deno task produce --count 100 --interval 0",
      "100 random events at full speed",
    ],
    [
      "deno task produce --file - < events.ndjson",
      "The events of a file, one JSON object a line",
    ],
    ["deno task produce --file events.csv.gz", "The rows of a table"],
    ["deno task produce --event loyalty_scan", "Five loyalty scans"],
    [
      "deno task produce --schema schemas/visit.schema.json --key-field id --topic visits",
      "Five random events of any schema",
    ],
  ],
}, async (flags) => {
  using stop = stopSignal();
  const { signal } = stop;
  checkFlags(flags);
  await using observation = await observe(flags);
  const { telemetry } = observation;
  const connection = { ...connectionFrom(flags), signal, telemetry };
  const { type, text, topic } = await readEvent(flags, connection);
  const { count = DEFAULT_COUNT, acks } = flags;
  const path = flags.file && inputPath(flags.file);
  const resume = path && flags.resume
    ? await openResumePoint(flags.resume, { path, topic })
    : undefined;
  const start = resume?.start;
  const rejects = path && flags.rejects
    ? await openRejects(flags.rejects, {
      source: path,
      after: start?.line,
    })
    : undefined;
  const format = path ? flags.format ?? formatOf(path) : undefined;
  const file = path ? await InputFile.find(path) : undefined;
  const source = await openSource(type, {
    ...flags,
    file,
    format,
    signal,
    start,
    notify: connection.notify,
  });
  const dryRun = flags["dry-run"];
  const report = new ProduceReport({
    ...flags,
    dryRun,
    rejects: rejects?.path,
    format,
    topic,
    count,
    text,
    share: () => file?.share,
  });
  report.starting(start);
  const summary = await produceItems(type, source, {
    ...connection,
    observer: report,
    signal,
    topic,
    ...(acks && { acks: ACKS[acks] }),
    idempotent: flags.idempotent,
    partitioner: flags.partitioner,
    schema: schemaChoice(flags),
    dryRun,
    resume,
    rejects,
  }).catch((error) => {
    if (report.begun) report.account(false);
    throw error;
  });
  await report.done(summary.complete);
  report.account(summary.complete);
  return summary.failed + summary.invalid === 0 ? EXIT.done : EXIT.failed;
});

function checkFlags(flags: ProduceFlags): void {
  const { idempotent, acks = "all", file, resume, schema } = flags;
  const dryRun = flags["dry-run"];
  const useLatest = flags["use-latest"];
  const noRegister = flags["no-register"];
  const problems: readonly (readonly [unknown, string])[] = [
    [idempotent && acks !== "all", `--idempotent takes --acks all: "${acks}"`],
    ...(["format", "rejects", "resume"] as const).map((name) =>
      [flags[name] && !file, `--${name} goes with --file`] as const
    ),
    [
      schema === "-" && file === "-",
      "--schema and --file can't both be standard input",
    ],
    [
      resume && file === "-",
      "--resume needs a file: standard input can't be read again",
    ],
    [
      flags.rate !== undefined && flags.interval !== undefined,
      "--rate sets the pace: leave out --interval",
    ],
    [
      dryRun && resume,
      "--dry-run delivers nothing: leave out --resume",
    ],
    [
      dryRun && (useLatest || noRegister),
      "--dry-run asks no registry: leave out --use-latest and --no-register",
    ],
    [
      useLatest && noRegister,
      "--use-latest registers nothing: leave out --no-register",
    ],
  ];
  const found = problems.find(([applies]) => applies);
  if (found) throw new UsageError(found[1]);
}

function schemaChoice(flags: ProduceFlags): SchemaChoice {
  if (flags["use-latest"]) return "latest";
  return flags["no-register"] ? "existing" : "register";
}

async function openSource<T>(
  type: EventType<T>,
  options: FileEventsOptions & {
    readonly file: InputFile | undefined;
    readonly interval?: number | undefined;
    readonly rate?: number | undefined;
    readonly seed?: number | undefined;
  },
): Promise<AsyncIterable<SourceItem>> {
  const { file, rate, seed, signal } = options;
  const source = file
    ? fileEvents(type, file, options)
    : generatedEvents(type, {
      ...options,
      events: type.generate ? undefined : await fakedEvents(type, seed),
      count: options.count ?? DEFAULT_COUNT,
      intervalMs: rate === undefined
        ? options.interval ?? DEFAULT_INTERVAL_MS
        : 0,
    });
  return rate === undefined
    ? source
    : paced(source, { msUntil: atRate(rate), signal });
}
