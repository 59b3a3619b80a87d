/** The chaos run: one undisturbed round, then disturbed ones until there were enough kills, and the report. */
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { compareEvidence, type Difference } from './compare.ts';
import { planKill } from './kill-plan.ts';
import { roundFolder, runRound } from './run-round.ts';
import type { Struck } from './striker.ts';

/** So that no task loses its lease too often without a checkpoint between. */
const MOST_KILLS_A_ROUND = 10;

export interface ChaosReport {
  readonly kills: number;
  readonly differingBytes: number;
  readonly lostMetricRows: number;
  readonly doubledMetricRows: number;
  readonly changedMetricRows: number;
  readonly slowestRecoverySeconds: number;
  readonly seed: number;
  readonly rounds: number;
  /** What was compared in each round. */
  readonly documents: number;
  readonly metricRows: number;
  readonly differingDocuments: readonly string[];
  /** Kills by victim, operation and phase. */
  readonly points: Readonly<Record<string, number>>;
}

interface ChaosOptions {
  readonly kills: number;
  readonly seed: number;
  readonly model: string;
  /** Undefined: a fresh folder. */
  readonly data?: string | undefined;
}

/** @param log one line a round, for people */
export async function runChaos(
  { kills, seed, model, data }: ChaosOptions,
  log: (line: string) => void,
  signal: AbortSignal,
): Promise<ChaosReport> {
  const folder = data === undefined ? await mkdtemp(join(tmpdir(), 'rlcd-chaos-')) : resolve(data);
  const common = {
    modelCache: join(folder, 'models'),
    model,
    plan: (number: number) => planKill(seed, number),
    signal,
  };
  log(`Undisturbed run; stores and logs in ${folder}`);
  const reference = await runRound({
    ...common,
    folder: roundFolder(folder, 0),
    firstNumber: 0,
    mostKills: 0,
  });
  const struck: Struck[] = [];
  const differences: Difference[] = [];
  let firstNumber = 0;
  while (struck.length < kills) {
    const number = differences.length + 1;
    const mostKills = Math.min(MOST_KILLS_A_ROUND, kills - struck.length);
    const round = await runRound({ ...common, folder: roundFolder(folder, number), firstNumber, mostKills });
    firstNumber = round.nextNumber;
    struck.push(...round.struck);
    const difference = compareEvidence(reference.evidence, round.evidence);
    differences.push(difference);
    log(`Round ${number}: ${round.struck.length} kills, ${difference.differingBytes} differing bytes`);
  }
  const sum = (field: 'differingBytes' | 'lostMetricRows' | 'doubledMetricRows' | 'changedMetricRows') =>
    differences.reduce((total, difference) => total + difference[field], 0);
  return {
    kills: struck.length,
    differingBytes: sum('differingBytes'),
    lostMetricRows: sum('lostMetricRows'),
    doubledMetricRows: sum('doubledMetricRows'),
    changedMetricRows: sum('changedMetricRows'),
    slowestRecoverySeconds: Math.max(0, ...struck.map(({ recoverySeconds }) => recoverySeconds)),
    seed,
    rounds: differences.length,
    documents: reference.evidence.documents.size,
    metricRows: reference.evidence.rows.length,
    differingDocuments: [...new Set(differences.flatMap((difference) => difference.differingDocuments))],
    points: countPoints(struck),
  };
}

function countPoints(struck: readonly Struck[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { victim, operation, phase } of struck) {
    const name = `${victim}, ${operation} ${phase}`;
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}
