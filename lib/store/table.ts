/**
 * Tables as values, and their SQL: the same tables in every database.
 *
 * @module
 */

/** What a column holds. Whole numbers have 64 bits; `json` is any other value as JSON. */
export type ColumnType = "text" | "integer" | "boolean" | "real" | "json";

/** What is written to a column. Booleans are 0 and 1. */
export type Value = string | number | null;

/** A column. */
export interface Column {
  /** Its name. */
  readonly name: string;
  /** What it holds. */
  readonly type: ColumnType;
}

/** A table. */
export interface Table {
  /** Its name. */
  readonly name: string;
  /** Its columns. */
  readonly columns: readonly Column[];
  /** The columns of its primary key. */
  readonly key: readonly string[];
}

/** How the value of a row that is there and that of a new one become one. */
export type Merge = "sum" | "min" | "max";

/** What a database calls the types of columns. */
export type TypeNames = Readonly<Record<ColumnType, string>>;

/** The longest name that PostgreSQL keeps, in characters. */
const MAX_NAME_LENGTH = 63;

/** Checks names that become those of tables and columns: each is usable in every database, and comes once. */
export function checkNames(names: readonly string[]): void {
  const seen = new Set<string>();
  for (const name of names) {
    if (!/^[a-z_]\w*$/i.test(name) || name.length > MAX_NAME_LENGTH) {
      throw new RangeError(
        `The name of a table or column has up to ${MAX_NAME_LENGTH} letters, digits and underscores: "${name}"`,
      );
    }
    // SQLite makes no difference between capital and small letters.
    const key = name.toLowerCase();
    if (seen.has(key)) throw new RangeError(`A name comes twice: "${name}"`);
    seen.add(key);
  }
}

/** Quotes a name: some are words of SQL. */
export function quoted(name: string): string {
  return `"${name}"`;
}

function list(names: readonly string[]): string {
  return names.map(quoted).join(", ");
}

/** Writes the statement that makes a table. */
export function createSql(table: Table, types: TypeNames): string {
  const columns = table.columns.map(({ name, type }) =>
    `${quoted(name)} ${types[type]}`
  );
  return `CREATE TABLE ${quoted(table.name)} (${
    [...columns, `PRIMARY KEY (${list(table.key)})`].join(", ")
  })`;
}

/** Writes the statement that adds rows to a table: those of `VALUES …` or `SELECT …`. */
export function insertSql(
  table: Table,
  source: string,
  merge?: ReadonlyMap<string, Merge>,
): string {
  const { name, columns, key } = table;
  const into = `INSERT INTO ${quoted(name)} (${
    list(columns.map((column) => column.name))
  }) ${source} ON CONFLICT (${list(key)}) DO `;
  if (!merge) return `${into}NOTHING`;
  const changes = [...merge].map(([column, how]) => {
    const there = `${quoted(name)}.${quoted(column)}`;
    const added = `excluded.${quoted(column)}`;
    const merged = how === "sum"
      ? `${there} + ${added}`
      : `CASE WHEN ${added} ${
        how === "min" ? "<" : ">"
      } ${there} THEN ${added} ELSE ${there} END`;
    return `${quoted(column)} = ${merged}`;
  });
  return `${into}UPDATE SET ${changes.join(", ")}`;
}
