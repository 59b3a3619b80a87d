/** Fills the interop table: has the checkpoints written, and makes every check of every column. */
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { integerBelow } from '../../shared/random.ts';
import { UserError } from '../../shared/user-error.ts';
import type { BasePrecision } from '../../gpu-runner/llama/weights/base-layout.ts';
import { importModel, type ImportedModel } from '../../gpu-runner/llama/weights/import-model.ts';
import type { CheckContext, Column } from './column.ts';
import { columns } from './columns.ts';
import type { Python } from './python.ts';
import type { Outcome, Row } from './table.ts';

/** Positions that are compared. */
const TIME = 64;
const SEED = 16;

const checkpointsSchema = z.record(
  z.string(),
  z.strictObject({ folder: z.string(), tokenizer: z.string(), vocabulary: z.int() }),
);

export interface Comparison {
  readonly python: Python;
  /** A folder for checkpoints and everything that is made of them. */
  readonly scratch: string;
  readonly log: (line: string) => void;
  readonly hasLlamaCpp: boolean;
  /** Names of checkpoints and of columns; all where empty. */
  readonly checkpoints: readonly string[];
  readonly columns: readonly string[];
}

/** @throws UserError for a name that there is not */
export async function compare(comparison: Comparison): Promise<Row[]> {
  const { python, scratch, log, checkpoints } = comparison;
  const unknown = comparison.columns.find((name) => columns.every((column) => column.name !== name));
  if (unknown !== undefined) throw new UserError(`There is no column ${unknown}`, { cure: 'See --help' });
  const answer = await python('make', { folder: path.join(scratch, 'checkpoints'), names: checkpoints });
  const rows: Row[] = [];
  for (const [name, { folder, tokenizer, vocabulary }] of Object.entries(checkpointsSchema.parse(answer))) {
    log(name);
    const tokens = Array.from({ length: TIME }, (_, place) => integerBelow(vocabulary, SEED, 0, place));
    const models = new Map<BasePrecision, Promise<ImportedModel>>();
    const model = (precision: BasePrecision): Promise<ImportedModel> => {
      const made =
        models.get(precision) ??
        importModel(folder, { cacheDirectory: path.join(scratch, 'bases'), precision });
      models.set(precision, made);
      return made;
    };
    const outcomes: Record<string, Outcome> = {};
    for (const column of columns) {
      const own = path.join(scratch, 'columns', name, column.name);
      await mkdir(own, { recursive: true });
      const context = { name, folder, tokenizer, tokens, model, scratch: own, python };
      const outcome = await outcomeOf(column, context, comparison);
      if ('fault' in outcome) log(`  ${column.name}: ${outcome.fault}`);
      outcomes[column.name] = outcome;
    }
    rows.push({ name, tokenizer, outcomes });
  }
  return rows;
}

async function outcomeOf(
  column: Column,
  context: CheckContext,
  { columns: chosen, hasLlamaCpp }: Comparison,
): Promise<Outcome> {
  if (chosen.length > 0 && !chosen.includes(column.name)) return { leftOut: 'not asked for' };
  if (column.needsLlamaCpp === true && !hasLlamaCpp) return { leftOut: 'needs llama-cpp-python' };
  try {
    return await column.check(context);
  } catch (error) {
    return { fault: error instanceof Error ? error.message : String(error) };
  }
}
