/**
 * The registry's schemas for the page.
 *
 * @module
 */

import { RequestError } from "./answers.ts";
import type { SchemaAnswer, SchemaSummary } from "./api.ts";
import type { Pipeline } from "./pipeline.ts";

/** Lists the subjects. */
export function schemasAnswer(pipeline: Pipeline): Promise<SchemaSummary[]> {
  return pipeline.share("schemas", async () => {
    const subjects = await (await pipeline.schemas()).list();
    return subjects.map(({ versions, latest, level }) => ({
      subject: latest.subject,
      latest: latest.version,
      versions: versions.length,
      level,
    }));
  });
}

/**
 * Reads a subject's newest versions.
 *
 * @throws {PipelineError} If there is no such subject, or the registry can't be reached.
 */
export async function schemaAnswer(
  pipeline: Pipeline,
  subject: string,
): Promise<SchemaAnswer> {
  return await pipeline.share(`schema ${subject}`, async () => {
    const catalog = await pipeline.schemas();
    const versions = await catalog.history(subject);
    if (versions.length === 0) {
      throw new RequestError(
        404,
        `The registry has no schema of the subject "${subject}"`,
      );
    }
    return {
      subject,
      level: await catalog.level(subject),
      versions: versions.map(({ version, id, schema }) => ({
        version,
        id,
        text: inLines(schema),
      })),
    };
  });
}

/** Lays out JSON; a schema of another kind stays as it is. */
function inLines(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
