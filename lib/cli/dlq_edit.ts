/**
 * Changing the value of a message that was set aside, by hand.
 *
 * @module
 */

import { InvalidEventError, messageOf, PipelineError } from "../base/errors.ts";
import { decodeUtf8 } from "../base/utf8.ts";
import { placeWord } from "../consume/dead_letters/dead_letter.ts";
import {
  type DeadLetter,
  type DeadLetterOptions,
  isReplayable,
  listDeadLetters,
} from "../consume/dead_letters/dlq.ts";
import type { EventType } from "../events/event_type.ts";
import { parsePayload, unframe } from "../events/wire_format.ts";
import { EventRegistry } from "../registry/registry.ts";
import { EventSerializer } from "../registry/serializer.ts";
import type { Config } from "../settings/config.ts";

/** Where the text is while an editor has it. */
const FOLDER = ".edit";

/**
 * Lets a person change a message's value, and encodes the result.
 *
 * @throws {PipelineError} If there is no such letter, it was sent back already, nothing was changed, or the text isn't a valid event.
 */
export async function editLetter<T>(
  config: Config,
  wanted: { readonly type: EventType<T>; readonly origin: string },
  options: DeadLetterOptions,
): Promise<Uint8Array> {
  const { type, origin } = wanted;
  const { topic } = options;
  const letter = await findLetter(config, origin, options);
  const registry = await EventRegistry.connect(config, options);
  const serializer = await EventSerializer.connect(registry, type, {
    topic,
    schema: "register",
  });
  const encode = (text: string) =>
    serializer.encode(parsePayload(new TextEncoder().encode(text))).value;
  if (!Deno.stdin.isTerminal()) {
    return encode(await new Response(Deno.stdin.readable).text());
  }
  const path = `${FOLDER}/${origin.replaceAll("/", "-")}.json`;
  const value = encode(await editText(textOf(letter), { path, origin }));
  // A text that isn't valid stays, to be corrected.
  await Deno.remove(path);
  return value;
}

async function findLetter(
  config: Config,
  origin: string,
  options: DeadLetterOptions,
): Promise<DeadLetter> {
  let found: DeadLetter | undefined;
  await listDeadLetters(config, (letter) => {
    found = letter;
  }, options);
  if (!found) throw new PipelineError(`There is no dead letter of ${origin}`);
  if (found.replayedTo) {
    throw new PipelineError(
      `${origin} was sent back already: it is at ${
        placeWord(found.replayedTo)
      }`,
    );
  }
  if (isReplayable(found, options.topic)) return found;
  throw new PipelineError(`${origin} is a whole batch, and not a message`);
}

/** The event in lines; what isn't one, as it is. */
function textOf({ value }: DeadLetter): string {
  if (value === null) return "";
  try {
    const { payload } = unframe(value);
    return `${JSON.stringify(parsePayload(payload), null, 2)}\n`;
  } catch (error) {
    if (!(error instanceof InvalidEventError)) throw error;
    return decodeUtf8(value) ?? "";
  }
}

/** Lets the user's editor change a text in a file. */
async function editText(
  text: string,
  { path, origin }: { readonly path: string; readonly origin: string },
): Promise<string> {
  const [program = "vi", ...args] = (Deno.env.get("EDITOR") || "vi").split(" ");
  await Deno.mkdir(FOLDER, { recursive: true });
  await Deno.writeTextFile(path, text);
  try {
    const { success } = await new Deno.Command(program, {
      args: [...args, path],
      stdin: "inherit",
      stdout: "inherit",
      stderr: "inherit",
    }).spawn().status;
    if (!success) throw new PipelineError(`${program} ended with an error`);
  } catch (cause) {
    if (cause instanceof PipelineError) throw cause;
    throw new PipelineError(`Can't run ${program}: ${messageOf(cause)}`, {
      cause,
      hint:
        `Edit ${path} another way, and pipe it in: deno task dlq edit ${origin} < ${path}`,
    });
  }
  const edited = await Deno.readTextFile(path);
  if (edited === text) {
    throw new PipelineError("Nothing was changed, so nothing was sent");
  }
  return edited;
}
