/** Rows that a task's outputs become: preference pairs and comparisons, so that people can browse them. */
import { createHash } from 'node:crypto';
import type { z } from 'zod';
import type { PairTokens } from '../../shared/api/preference-pairs.ts';
import type { TaskKind } from '../../shared/api/tasks/kinds.ts';
import { comparisonLine } from '../../shared/api/tasks/judge.ts';
import { preferencePairLine } from '../../shared/api/tasks/simulate.ts';
import { damaged, invalidRequest } from '../domain/errors.ts';
import { readScorerFile } from '../scoring/scorer-cache.ts';
import { ScorerFileError } from '../scoring/scorer-file-error.ts';
import { Scorer } from '../scoring/scorer.ts';
import { openArtifact } from '../store/artifact-bytes.ts';
import { insertMachineComparisons, type MachineComparison } from '../store/comparisons.ts';
import type { Statement, Store } from '../store/database.ts';
import { createIdentifier } from '../store/identifier.ts';
import { insertPairs, type PairRow } from '../store/preference-pairs.ts';
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
 * @throws DomainError `invalid-request` naming output and line where the bytes are not what they must be,
 *   `artifact-damaged` where they are not those that were put
 */
export async function ingestOutputs(
  store: Store,
  { taskId, kind, outputs }: Outputs,
  scoringKernel: WebAssembly.Module,
  now: number,
): Promise<Statement[]> {
  const sha256 = (name: string) => outputs.find((output) => output.name === name)?.sha256;
  if (kind === 'simulate' || kind === 'label') {
    const pairs = sha256('pairs');
    return pairs === undefined ? [] : await ingestPairs(store, taskId, pairs);
  }
  if (kind === 'judge') {
    const comparisons = sha256('comparisons');
    return comparisons === undefined ? [] : await ingestComparisons(store, taskId, comparisons, now);
  }
  const scorer = sha256('scorer');
  if (kind === 'train-scorer' && scorer !== undefined) {
    return await ingestScorer(store, taskId, scorer, scoringKernel, now);
  }
  return [];
}

/** A scorer is opened before it is published: one that cannot score never gets a row or a label. */
async function ingestScorer(
  store: Store,
  taskId: string,
  sha256: string,
  scoringKernel: WebAssembly.Module,
  now: number,
): Promise<Statement[]> {
  const bytes = await readScorerFile(sha256, await openArtifact(store, sha256));
  if (createHash('sha256').update(bytes).digest('hex') !== sha256) throw damaged(sha256);
  try {
    const { calibration } = new Scorer(scoringKernel, bytes);
    return publishScorer(store.database, {
      id: createIdentifier(now),
      taskId,
      sha256,
      calibration: JSON.stringify(calibration),
      now,
    });
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

async function ingestPairs(store: Store, taskId: string, sha256: string) {
  const pairs: Omit<PairRow, 'taskId'>[] = [];
  for await (const line of readJsonLines(store, sha256, 'pairs', preferencePairLine)) {
    const { promptId, labelProbability, affixPair } = line;
    pairs.push({
      position: pairs.length,
      promptId,
      prompt: clean(line.prompt),
      chosen: clean(line.chosen),
      rejected: clean(line.rejected),
      labelProbability,
      affixPair,
      tokens: pairTokens(line),
    });
  }
  return insertPairs(store.database, taskId, pairs);
}

/** Of two orders that disagree, or of which one is a tie, the share tells which side has more. */
function outcomeOf(share: number): 'first' | 'second' | 'tie' {
  if (share === 0.5) return 'tie';
  return share > 0.5 ? 'first' : 'second';
}

async function ingestComparisons(
  store: Store,
  taskId: string,
  sha256: string,
  now: number,
): Promise<Statement[]> {
  const judged: MachineComparison[] = [];
  for await (const line of readJsonLines(store, sha256, 'comparisons', comparisonLine)) {
    const { judge, promptId, firstScore, secondScore } = line;
    judged.push({
      promptId,
      prompt: clean(line.prompt),
      firstResponse: clean(line.first),
      secondResponse: clean(line.second),
      judge,
      outcome: outcomeOf(line.share),
      firstScore,
      secondScore,
    });
  }
  return insertMachineComparisons(store.database, taskId, judged, now);
}
