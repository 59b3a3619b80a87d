/** Fills the interop table: has the checkpoints written, and makes every check of every column. */
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { integerBelow } from '../../shared/random.ts';
import { ExportError } from '../../shared/export/export-error.ts';
import { UserError } from '../../shared/user-error.ts';
import type { BasePrecision } from '../../gpu-runner/llama/weights/base-layout.ts';
import type { Tokenizer } from '../../gpu-runner/llama/tokenizer/tokenizer.ts';
import { importModel, type ImportedModel } from '../../gpu-runner/llama/weights/import-model.ts';
import type { CheckContext, Column } from './column.ts';
import { columns } from './columns.ts';
import type { Python } from './python.ts';
import type { Outcome, Row } from './table.ts';

/** Positions that are compared. */
const TIME = 64;
const SEED = 16;

/** More than {@link TIME} tokens of any tokenizer. */
const TEXT =
  'Once upon a time there was a little girl who lived in a small house near the sea. Every morning she went down to ' +
  'the water to look for shells. One day she found a bottle with a letter in it. The letter was old and wet, but she ' +
  'could still read some of the words: "Whoever finds this," it said, "please come to the island and bring a light." ' +
  'She ran home to tell her brother, and together they took the old boat and rowed out before the sun was high.';

const checkpointsSchema = z.record(z.string(), z.strictObject({ folder: z.string(), tokenizer: z.string() }));

type Checkpoints = z.infer<typeof checkpointsSchema>;

export interface Comparison {
  readonly python: Python;
  /** A folder for checkpoints and everything that is made of them. */
  readonly scratch: string;
  readonly log: (line: string) => void;
  readonly hasLlamaCpp: boolean;
  /** Names of checkpoints and of columns; all where empty. */
  readonly checkpoints: readonly string[];
  readonly columns: readonly string[];
  /** Hugging Face folders to compare instead of the families' checkpoints. */
  readonly folders: readonly string[];
}

/** @throws UserError for a name that there is not */
export async function compare(comparison: Comparison): Promise<Row[]> {
  const { python, scratch, log } = comparison;
  const unknown = comparison.columns.find((name) => columns.every((column) => column.name !== name));
  if (unknown !== undefined) throw new UserError(`There is no column ${unknown}`, { cure: 'See --help' });
  const rows: Row[] = [];
  for (const [name, { folder, tokenizer }] of Object.entries(await checkpointsOf(comparison))) {
    log(name);
    const models = new Map<BasePrecision, Promise<ImportedModel>>();
    const model = (precision: BasePrecision): Promise<ImportedModel> => {
      const made =
        models.get(precision) ??
        importModel(folder, { cacheDirectory: path.join(scratch, 'bases'), precision });
      models.set(precision, made);
      return made;
    };
    const { tokenizer: own } = await model('fp32');
    const isMadeUp = comparison.folders.length === 0;
    const tokens = isMadeUp ? drawnTokens(own) : textTokens(own);
    const outcomes: Record<string, Outcome> = {};
    for (const column of columns) {
      const own = path.join(scratch, 'columns', name, column.name);
      await mkdir(own, { recursive: true });
      const context = { name, folder, tokenizer, isMadeUp, tokens, model, scratch: own, python };
      const outcome = await outcomeOf(column, context, comparison);
      if ('fault' in outcome) log(`  ${column.name}: ${outcome.fault}`);
      outcomes[column.name] = outcome;
    }
    rows.push({ name, tokenizer, outcomes });
  }
  return rows;
}

/** What a model of made-up weights reads: any ids. */
function drawnTokens({ vocabularySize }: Tokenizer): number[] {
  return Array.from({ length: TIME }, (_, place) => integerBelow(vocabularySize, SEED, 0, place));
}

/** What a real model reads: the beginning of a text. */
function textTokens(tokenizer: Tokenizer): number[] {
  return [...tokenizer.encode(TEXT, { bos: tokenizer.startsWithBos })].slice(0, TIME);
}

async function checkpointsOf({ python, scratch, checkpoints, folders }: Comparison): Promise<Checkpoints> {
  if (folders.length > 0) {
    const own = { tokenizer: 'its own' };
    return Object.fromEntries(folders.map((folder) => [folder, { folder: path.resolve(folder), ...own }]));
  }
  const folder = path.join(scratch, 'checkpoints');
  return checkpointsSchema.parse(await python('make', { folder, names: checkpoints }));
}

async function outcomeOf(column: Column, context: CheckContext, comparison: Comparison): Promise<Outcome> {
  const { columns: chosen, hasLlamaCpp } = comparison;
  if (chosen.length > 0 && !chosen.includes(column.name)) return { leftOut: 'not asked for' };
  if (column.needsLlamaCpp === true && !hasLlamaCpp) return { leftOut: 'needs llama-cpp-python' };
  try {
    return await column.check(context);
  } catch (error) {
    if (error instanceof ExportError) {
      comparison.log(`  ${column.name}: left out: ${error.message}`);
      return { leftOut: error.message };
    }
    return { fault: error instanceof Error ? error.message : String(error) };
  }
}
