/** Which column of a row holds the prompt. */
import { RowError } from './row-error.ts';

type Columns = Readonly<Record<string, unknown>>;

const CONVERSATIONS = ['messages', 'conversations', 'conversation'];
const PROMPT_COLUMNS = ['prompt', ...CONVERSATIONS, 'instruction'];

/** How someone says it. */
const CURE =
  'name the column of the prompt (promptColumn=... in the query, --prompt-column on the command line)';

/** The columns that hold a prompt by their names. */
export function promptColumns(columns: Columns): string[] {
  return PROMPT_COLUMNS.filter((name) => columns[name] !== undefined);
}

/** @throws RowError naming the columns that are there, where none or several are the prompt */
export function promptColumnOf(columns: Columns, promptColumn: string | undefined): string {
  if (promptColumn !== undefined) return promptColumn;
  const [name, second] = promptColumns(columns);
  if (name === undefined) {
    throw new RowError(
      `${listed(columns)}, none of which is known as the prompt (${PROMPT_COLUMNS.join(', ')}); ${CURE}`,
    );
  }
  if (second === undefined) return name;
  throw new RowError(`holds several prompts: ${promptColumns(columns).join(', ')}; ${CURE}`);
}

/** @throws RowError naming the columns that are there */
export function columnNamed(columns: Columns, name: string): unknown {
  // A column may be asked for under a name that every object inherits.
  const value = Object.hasOwn(columns, name) ? columns[name] : undefined;
  if (value === undefined) throw new RowError(`${listed(columns)}, and no value in "${name}"`);
  return value;
}

function listed(columns: Columns): string {
  const names = Object.keys(columns);
  const shown = names.slice(0, 20).map((name) => JSON.stringify(name.slice(0, 60)));
  if (names.length === 0) return 'has no column';
  return `has the columns ${shown.join(', ')}${names.length > shown.length ? ', ...' : ''}`;
}

/** A list, also as the JSON that tables hold in a cell of a conversation; undefined for any other value. */
export function listOf(name: string, value: unknown): readonly unknown[] | undefined {
  if (Array.isArray(value)) return value;
  if (typeof value !== 'string' || !CONVERSATIONS.includes(name)) return undefined;
  let parsed: unknown;
  try {
    parsed = JSON.parse(value);
  } catch (cause) {
    throw new RowError(`${name}: must be a list of turns, or one as JSON`, { cause });
  }
  return Array.isArray(parsed) ? parsed : undefined;
}
