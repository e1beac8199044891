/**
 * Changing the value of a message that was set aside, by hand.
 *
 * @module
 */

import { messageOf, PipelineError } from "../base/errors.ts";
import type { DeadLetterOptions } from "../consume/dead_letters/dlq.ts";
import {
  findLetter,
  letterEncoder,
  letterText,
} from "../consume/dead_letters/edit.ts";
import type { EventType } from "../events/event_type.ts";
import { EventRegistry } from "../registry/registry.ts";
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
  const encode = await letterEncoder(
    await EventRegistry.connect(config, options),
    type,
    { topic, schema: "register" },
  );
  if (!Deno.stdin.isTerminal()) {
    return encode(await new Response(Deno.stdin.readable).text());
  }
  const path = `${FOLDER}/${origin.replaceAll("/", "-")}.json`;
  const value = encode(await editText(letterText(letter), { path, origin }));
  // A text that isn't valid stays, to be corrected.
  await Deno.remove(path);
  return value;
}

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
