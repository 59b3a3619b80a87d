/** Makes the prompts known to the edge: the shipped openings, JSON lines, or openings cut from stories. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import type { Client } from '../../shared/api/client.ts';
import { UsageError } from '../../shared/command-line/usage-error.ts';
import { readUserFile } from '../read-user-file.ts';
import { storyPrompts } from './story-prompts.ts';

const OPENINGS = fileURLToPath(
  new URL('../../shared/principles/kind-stories/openings.jsonl', import.meta.url),
);
/** Where rows do not name their split. */
export const SHARES = { train: '0.7', dev: '0.1', test: '0.2' } as const;

export interface NamedPrompts {
  readonly name: string;
  /** In the form of the API. */
  readonly lines: string;
  readonly rule: 'field' | 'hash';
}

const opening = z.object({ split: z.enum(['train', 'dev', 'test']), text: z.string() });

/**
 * @param file undefined for the shipped story openings
 * @throws UsageError naming the file and what is wrong with it
 */
export async function readPrompts(file: string | undefined): Promise<NamedPrompts> {
  if (file === undefined) return named('kind-stories', await shippedLines(), 'field');
  const text = await readUserFile(`--prompts ${file}`, file);
  if (text.trim() === '') throw new UsageError(`--prompts ${file} is empty: give one prompt a line`);
  if (file.endsWith('.txt')) {
    const prompts = storyPrompts(text);
    if (prompts.length === 0) {
      throw new UsageError(
        `--prompts ${file} holds no story of three sentences: separate stories by <|endoftext|>`,
      );
    }
    return named('stories', toLines(prompts.map((prompt) => ({ prompt }))), 'hash');
  }
  const first = text.trimStart().split('\n', 1)[0] ?? '';
  return named('prompts', text, /"split"\s*:/.test(first) ? 'field' : 'hash');
}

async function shippedLines(): Promise<string> {
  const rows = (await readFile(OPENINGS, 'utf8')).trimEnd().split('\n');
  return toLines(
    rows.map((row) => {
      const { split, text } = opening.parse(JSON.parse(row));
      return { prompt: text, split };
    }),
  );
}

function toLines(rows: readonly object[]): string {
  return rows.map((row) => `${JSON.stringify(row)}\n`).join('');
}

/** The name tells the content, so that a folder that is used again finds what it has. */
function named(kind: string, lines: string, rule: 'field' | 'hash'): NamedPrompts {
  const hash = createHash('sha256').update(lines).digest('hex');
  return { name: `${kind}-${hash.slice(0, 12)}`, lines, rule };
}

/** Uploads the prompts unless they are there. @returns the prompt set */
export async function ensurePrompts(client: Client, { name, lines, rule }: NamedPrompts) {
  const { items } = await client.listPromptSets({ query: { limit: 200 } });
  const present = items.find((set) => set.name === name);
  if (present) return present;
  const shares = rule === 'hash' ? SHARES : {};
  return await client.createPromptSet({ query: { name, rule, ...shares }, body: lines });
}
