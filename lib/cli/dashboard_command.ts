/**
 * `deno task dashboard`: shows the day, and what is in Kafka, in a browser.
 *
 * @module
 */

import { messageOf, UsageError } from "../base/errors.ts";
import { isLoopback } from "../base/loopback.ts";
import { Secret } from "../base/secret.ts";
import { SettingReader } from "../settings/setting_reader.ts";
import {
  type Dashboard,
  type DashboardOptions,
  serveDashboard,
} from "../web/server.ts";
import { adviceFor, nextStepFor } from "./advice.ts";
import { describeError, task } from "./command.ts";
import { chooseEvent, EVENT_FLAG, eventTypes } from "./event_choice.ts";
import { portFlag, switchFlag, textFlag } from "./flags.ts";
import { errors, note, output, printLine } from "./output.ts";
import { stopSignal } from "./signals.ts";
import {
  CONFIG_FLAGS,
  configFrom,
  DATABASE_FLAG,
  databaseFrom,
  inputPath,
  noteLine,
} from "./task_flags.ts";

const PERMISSIONS = "dashboard";

/** How long a password is at least, in characters: others may try to guess it. */
const MIN_PASSWORD_LENGTH = 8;

const OPENERS: Partial<Record<typeof Deno.build.os, string>> = {
  darwin: "open",
  windows: "explorer",
};

/** The command. */
export const dashboardCommand = task({
  name: "dashboard",
  permissions: PERMISSIONS,
  summary:
    "Shows the day as it goes, and the topics, groups, schemas and dead letters in Kafka, in a browser.",
  flags: {
    port: portFlag("where it listens", { default: 8080 }),
    database: DATABASE_FLAG,
    open: switchFlag("open the browser"),
    "read-only": switchFlag("leave out all that changes something"),
    listen: textFlag(
      "ADDRESS",
      "an address or name of this machine that others reach it by; only this machine does by default",
    ),
    "password-file": textFlag(
      "FILE",
      "ask for the password that is in this file, with any user",
    ),
    ...CONFIG_FLAGS,
  },
  examples: [
    ["deno task dashboard --open", "On this machine alone"],
    [
      "deno task dashboard --listen 192.168.1.20 --password-file .secrets/page.txt --read-only",
      "For others in the same network, to look at",
    ],
  ],
}, async (flags) => {
  using stop = stopSignal();
  const { port, listen, debug } = flags;
  const passwordFile = flags["password-file"];
  if (
    listen !== undefined && passwordFile === undefined && !isLoopback(listen)
  ) {
    throw new UsageError("--listen needs --password-file");
  }
  const password = passwordFile === undefined
    ? undefined
    : readPasswordFile(inputPath(passwordFile));
  const server = openDashboard({
    config: configFrom(flags),
    database: databaseFrom(flags.database),
    readOnly: flags["read-only"],
    port,
    ...(listen !== undefined && { hostname: listen }),
    ...(password && { password }),
  }, { debug, permissions: PERMISSIONS });
  printLine(`The dashboard is at ${server.url}`);
  printLine("Press Ctrl+C to stop");
  await output.written();
  if (flags.open) await openBrowser(server.url);
  if (!stop.signal.aborted) {
    await new Promise((resolve) =>
      stop.signal.addEventListener("abort", resolve)
    );
  }
  await server[Symbol.asyncDispose]();
});

/** Serves the page for the kinds of events that the program knows. */
export function openDashboard(
  options: Omit<DashboardOptions, "topic" | "eventOf" | "advise" | "failed">,
  { debug, permissions }: {
    readonly debug: boolean;
    readonly permissions: string;
  },
): Dashboard {
  return serveDashboard({
    ...options,
    topic: chooseEvent(EVENT_FLAG.default).type.topic,
    eventOf: (topic) => eventTypes().find((type) => type.topic === topic),
    advise: (error) =>
      [adviceFor(error, permissions), nextStepFor(error)]
        .filter(Boolean).join(" "),
    failed: (error) => errors.print(describeError(error, { debug })),
  });
}

/** Opens the browser. Without one, the address that is printed is enough. */
async function openBrowser(url: string): Promise<void> {
  const program = OPENERS[Deno.build.os] ?? "xdg-open";
  try {
    const { success } = await new Deno.Command(program, {
      args: [url],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).output();
    // That of Windows says that it failed where it did not.
    if (success || Deno.build.os === "windows") return;
    note(`${program} could not open the browser.`);
  } catch (error) {
    note(`The browser was not opened: ${messageOf(error)}`);
  }
}

/** Reads the password that the page asks for. */
function readPasswordFile(path: string): Secret {
  const name = "--password-file";
  const reader = new SettingReader({ env: () => path });
  const text = reader.secretFile(name) ?? "";
  if (text.length < MIN_PASSWORD_LENGTH || text.includes("\n")) {
    throw new UsageError(
      `The file that ${name} names has to hold one line of ${MIN_PASSWORD_LENGTH} characters or more`,
    );
  }
  for (const line of reader.warnings) noteLine(line);
  return new Secret(text);
}
