/**
 * Reads what a task serves for Prometheus.
 *
 * @module
 */

/**
 * Fetches a path of a task's port.
 *
 * @param port The port.
 * @param path The path.
 * @returns The status and the body; undefined if nothing listens.
 */
export async function ask(
  port: number,
  path: string,
): Promise<{ readonly status: number; readonly body: string } | undefined> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}${path}`);
    return { status: response.status, body: await response.text() };
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}

/**
 * Sums a metric's samples.
 *
 * @param text Prometheus' text.
 * @param name The name of the sample, `_total` and the like included.
 * @param labels What the labels of those that count contain, such as `partition_id="1"`.
 * @returns The sum; undefined if there is no such sample.
 */
export function sumOf(
  text: string,
  name: string,
  labels = "",
): number | undefined {
  const values = text.split("\n").filter((line) =>
    (line.startsWith(`${name}{`) || line.startsWith(`${name} `)) &&
    line.includes(labels)
  ).map((line) => Number(line.slice(line.lastIndexOf(" ") + 1)));
  return values.length === 0
    ? undefined
    : values.reduce((sum, value) => sum + value, 0);
}
