/**
 * The environment of the Java programs: what they need of this process's own. Secrets of the shell reach neither a server
 * that keeps running nor a plugin of Maven.
 *
 * @module
 */

/** The variables that every Java program gets: where programs and the user's folder are, the language, the time zone. */
const NAMES = ["HOME", "JAVA_HOME", "LANG", "LC_ALL", "PATH", "TZ"] as const;
/** The variables that Maven gets as well: the user's options for it, such as a proxy. */
const MAVEN_NAMES = ["MAVEN_ARGS", "MAVEN_OPTS"] as const;

/**
 * Returns the environment of a Java program.
 *
 * @param of The program: Java itself, or Maven.
 */
export function programEnvironment(
  of: "java" | "maven",
): Record<string, string> {
  const names = of === "maven" ? [...NAMES, ...MAVEN_NAMES] : NAMES;
  return Object.fromEntries(names.flatMap((name) => {
    const value = Deno.env.get(name);
    return value === undefined ? [] : [[name, value]];
  }));
}
