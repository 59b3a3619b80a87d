/** Rows that a task's outputs become: preference pairs and comparisons, so that people can browse them. */
import type { z } from 'zod';
import type { PairTokens } from '../../shared/api/preference-pairs.ts';
import type { TaskKind } from '../../shared/api/tasks/kinds.ts';
import { comparisonLine } from '../../shared/api/tasks/judge.ts';
import { preferencePairLine } from '../../shared/api/tasks/simulate.ts';
import { invalidRequest } from '../domain/errors.ts';
import { readBlob } from '../scoring/scorer-cache.ts';
import { ScorerFileError } from '../scoring/scorer-file-error.ts';
import { Scorer } from '../scoring/scorer.ts';
import type { Blobs } from '../store/blobs.ts';
import type { Database } from '../store/database.ts';
import { createIdentifier } from '../store/identifier.ts';
import { jsonChunks, raw, type RawStatement } from '../store/raw.ts';
import { publishScorer } from '../store/scorers.ts';
import { readJsonLines } from './json-lines.ts';

interface Outputs {
  readonly taskId: string;
  readonly kind: TaskKind;
  readonly outputs: readonly { readonly name: string; readonly sha256: string }[];
}

/**
 * The writes that ingest a task's outputs; every row has a key made of the task and its place, so a repeated
 * ingest writes the same rows.
 *
 * @throws DomainError `invalid-request` naming output and line where the bytes are not what they must be
 */
export async function ingestOutputs(
  database: Database,
  blobs: Blobs,
  { taskId, kind, outputs }: Outputs,
  scoringKernel: WebAssembly.Module,
  now: number,
): Promise<RawStatement[]> {
  const sha256 = (name: string) => outputs.find((output) => output.name === name)?.sha256;
  if (kind === 'simulate' || kind === 'label') {
    const pairs = sha256('pairs');
    return pairs === undefined ? [] : await ingestPairs(database, blobs, taskId, pairs);
  }
  if (kind === 'judge') {
    const comparisons = sha256('comparisons');
    return comparisons === undefined
      ? []
      : await ingestComparisons(database, blobs, taskId, comparisons, now);
  }
  const scorer = sha256('scorer');
  if (kind === 'train-scorer' && scorer !== undefined) {
    return await ingestScorer(database, blobs, taskId, scorer, scoringKernel, now);
  }
  return [];
}

/** A scorer is opened before it is published: one that cannot score never gets a row or a label. */
async function ingestScorer(
  database: Database,
  blobs: Blobs,
  taskId: string,
  sha256: string,
  scoringKernel: WebAssembly.Module,
  now: number,
): Promise<RawStatement[]> {
  const bytes = await readBlob(blobs, sha256);
  try {
    const { calibration } = new Scorer(scoringKernel, bytes);
    return publishScorer(database, { id: createIdentifier(now), taskId, sha256, calibration }, now);
  } catch (error) {
    if (!(error instanceof ScorerFileError)) throw error;
    throw invalidRequest([{ in: 'body', pointer: '#/outputs', detail: `scorer: ${error.message}` }]);
  }
}

/** SQLite's JSON functions end a text at a NUL. */
function clean(text: string): string {
  return text.toWellFormed().replaceAll('\0', '\ufffd');
}

function pairTokens({ provenance }: z.infer<typeof preferencePairLine>): PairTokens | null {
  const tokens = {
    chosen: provenance?.chosen?.likelihoods ?? null,
    rejected: provenance?.rejected?.likelihoods ?? null,
  };
  return tokens.chosen === null && tokens.rejected === null ? null : tokens;
}

async function ingestPairs(database: Database, blobs: Blobs, taskId: string, sha256: string) {
  const lines = [];
  for await (const line of readJsonLines(blobs, sha256, 'pairs', preferencePairLine)) {
    const { promptId, labelProbability, affixPair } = line;
    const [prompt, chosen, rejected] = [line.prompt, line.chosen, line.rejected].map(clean);
    const tokens = pairTokens(line);
    lines.push([lines.length, promptId, prompt, chosen, rejected, labelProbability, affixPair, tokens]);
  }
  return jsonChunks(lines).map((json) =>
    raw(
      database,
      `INSERT OR REPLACE INTO preference_pairs
         (task_id, position, prompt_id, prompt, chosen, rejected, label_probability, affix_pair, tokens)
       SELECT ?, value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, value ->> 7
       FROM json_each(?)`,
      taskId,
      json,
    ),
  );
}

/** Of two orders that disagree, or of which one is a tie, the share tells which side has more. */
function outcomeOf(share: number): 'first' | 'second' | 'tie' {
  if (share === 0.5) return 'tie';
  return share > 0.5 ? 'first' : 'second';
}

async function ingestComparisons(
  database: Database,
  blobs: Blobs,
  taskId: string,
  sha256: string,
  now: number,
): Promise<RawStatement[]> {
  const lines = [];
  for await (const line of readJsonLines(blobs, sha256, 'comparisons', comparisonLine)) {
    const { judge, promptId, firstScore, secondScore } = line;
    const [prompt, first, second] = [line.prompt, line.first, line.second].map(clean);
    lines.push([promptId, prompt, first, second, judge, outcomeOf(line.share), firstScore, secondScore]);
  }
  return jsonChunks(lines).flatMap((json) => [
    raw(
      database,
      `INSERT OR IGNORE INTO comparison_candidates
         (id, task_id, prompt_id, prompt, first_response, second_response, created_at)
       SELECT ? || ':' || (value ->> 0), ?, value ->> 0, value ->> 1, value ->> 2, value ->> 3, ?
       FROM json_each(?)`,
      taskId,
      taskId,
      now,
      json,
    ),
    raw(
      database,
      `INSERT OR IGNORE INTO comparisons
         (id, candidate_id, source, judge, swapped, outcome, first_score, second_score, created_at)
       SELECT ? || ':' || (value ->> 0) || ':machine:' || (value ->> 4) || ':0', ? || ':' || (value ->> 0),
         'machine', value ->> 4, 0, value ->> 5, value ->> 6, value ->> 7, ? FROM json_each(?)`,
      taskId,
      taskId,
      now,
      json,
    ),
  ]);
}
