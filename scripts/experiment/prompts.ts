/** Makes the prompts known to the edge: the shipped openings, or a file, which the API reads as it is. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import type { Client } from '../../shared/api/client.ts';
import { UsageError } from '../../shared/command-line/usage-error.ts';
import { counted } from '../../shared/text/counted.ts';
import { typeOfFormat } from '../../shared/prompts/file-rows.ts';
import { readPromptFile, rowsOfBytes, type PromptFile, type PromptRows } from '../read-prompt-file.ts';

const OPENINGS = fileURLToPath(
  new URL('../../shared/principles/kind-stories/openings.jsonl', import.meta.url),
);
/** Where rows do not name their split. */
export const SHARES = { train: '0.7', dev: '0.1', test: '0.2' } as const;

export interface NamedPrompts extends PromptFile {
  readonly name: string;
  readonly rule: 'field' | 'hash';
}

const opening = z.object({ split: z.enum(['train', 'dev', 'test']), text: z.string() });

/**
 * @param file undefined for the shipped story openings
 * @param promptColumn the column that holds the prompt, where its name does not tell
 * @throws UsageError naming the file, the line and what is wrong with it
 */
export async function readPrompts(file: string | undefined, promptColumn?: string): Promise<NamedPrompts> {
  if (file === undefined) {
    const [bytes, options] = [new TextEncoder().encode(await shippedLines()), { format: 'json' } as const];
    const read = await rowsOfBytes(OPENINGS, bytes, options);
    return { name: nameOf('kind-stories', bytes), bytes, options, ...read, rule: 'field' };
  }
  const read = await readPromptFile(`--prompts ${file}`, file, { promptColumn });
  const rule = splitRule(read.rows);
  return { name: nameOf('prompts', read.bytes, promptColumn), ...read, rule };
}

/** Rows are split by what they say, where the first one does. */
export function splitRule([first]: PromptRows['rows']): NamedPrompts['rule'] {
  return first?.split === undefined ? 'hash' : 'field';
}

async function shippedLines(): Promise<string> {
  const rows = (await readFile(OPENINGS, 'utf8')).trimEnd().split('\n');
  return rows
    .map((row) => {
      const { split, text } = opening.parse(JSON.parse(row));
      return `${JSON.stringify({ prompt: text, split })}\n`;
    })
    .join('');
}

/** The name tells the content, so that a folder that is used again finds what it has. */
function nameOf(kind: string, bytes: Uint8Array, promptColumn = ''): string {
  const hash = createHash('sha256').update(bytes).update(promptColumn).digest('hex');
  return `${kind}-${hash.slice(0, 12)}`;
}

/** Uploads the prompts unless they are there. @returns the prompt set */
export async function ensurePrompts(
  client: Client,
  { name, bytes, options, rule }: Pick<NamedPrompts, 'name' | 'bytes' | 'options' | 'rule'>,
) {
  const { items } = await client.listPromptSets({ query: { limit: 200 } });
  const present = items.find((set) => set.name === name);
  if (present) return present;
  const shares = rule === 'hash' ? SHARES : {};
  const { format = 'json', promptColumn } = options;
  return await client.createPromptSet(
    { query: { name, rule, promptColumn, ...shares }, body: bytes },
    { headers: { 'content-type': typeOfFormat(format) } },
  );
}

/** Fewer than two prompts in a split are nothing to hold out, to choose by or to compare. */
const LEAST = 2;

type SplitCounts = Readonly<Record<keyof typeof SHARES, number>>;

/** Why a split is too small to work with, and the cure; undefined where none is. */
export function shortageOf({ train, dev, test }: SplitCounts): string | undefined {
  if (Math.min(train, dev, test) >= LEAST) return undefined;
  return (
    `${train} to train, ${dev} to choose by (dev) and ${test} to test, and each needs ` +
    `${LEAST} or more; give more prompts, or name the splits ("split": "train", "dev" or "test" in every row)`
  );
}

/** What a reader of intervals must know of prompts that stand more than once; undefined where none does. */
export function repeatsIn({ repeated }: { readonly repeated: number }): string | undefined {
  if (repeated === 0) return undefined;
  return `${counted(repeated, 'prompt')} stood before in the file: intervals take each for a new one and are too narrow; leave repeated prompts out`;
}

/** Why prompts that are to be held out are not; undefined where all are. */
export function leakIn({ alsoTrained }: { readonly alsoTrained: number }): string | undefined {
  if (alsoTrained === 0) return undefined;
  return `${counted(alsoTrained, 'prompt')} of dev or test ${alsoTrained === 1 ? 'stands' : 'stand'} in train, too: a model would be judged on what it was trained on; leave ${alsoTrained === 1 ? 'it' : 'them'} out of one of the two`;
}

/** @throws UsageError where what is held out is trained on */
export function requireHeldOut(counts: Parameters<typeof leakIn>[0]): void {
  const leak = leakIn(counts);
  if (leak !== undefined) throw new UsageError(leak);
}

/** @throws UsageError where a split is too small to work with, before any work */
export function requireEnoughPrompts(counts: SplitCounts): void {
  const short = shortageOf(counts);
  if (short !== undefined) throw new UsageError(`the prompts are too few: ${short}`);
}
