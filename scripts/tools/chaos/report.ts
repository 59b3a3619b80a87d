/** What the rounds of a chaos run came to, in all. */
import { FAULTS_A_ROUND } from './fault-plan.ts';
import type { RoundRecord } from './progress.ts';

export interface ChaosReport {
  readonly seed: number;
  readonly rounds: number;
  /** Faults that struck; where the traffic did not come to a planned point there were fewer than planned. */
  readonly faults: number;
  readonly planned: number;
  /** Rounds that ended without results, and why; each can be run again with `--round`. */
  readonly failed: readonly { readonly round: number; readonly fault: string }[];
  /** Rounds that left anything else than the undisturbed run, or broke a promise on the way. */
  readonly wrong: readonly number[];
  readonly differingBytes: number;
  readonly lostMetricRows: number;
  readonly doubledMetricRows: number;
  readonly changedMetricRows: number;
  readonly unfencedWrites: number;
  readonly healthyLeasesLost: number;
  readonly serverErrors: number;
  /** Artifacts with flipped bits that a PUT of the right bytes mended; the others were dropped or made anew. */
  readonly mended: number;
  /** How often tasks were given back or taken away, by the code of the reason. */
  readonly failures: Readonly<Record<string, number>>;
  /** Faults by kind. */
  readonly kinds: Readonly<Record<string, number>>;
  /** Faults by the request at which they struck, and its phase. */
  readonly points: Readonly<Record<string, number>>;
  /** From a kill of the runner or the edge to its next answer. */
  readonly slowestRecoverySeconds: number;
}

const COUNTS = [
  'differingBytes',
  'lostMetricRows',
  'doubledMetricRows',
  'changedMetricRows',
  'unfencedWrites',
  'healthyLeasesLost',
  'serverErrors',
] as const;

/** Whether the round kept every promise. */
export function isClean(record: RoundRecord): boolean {
  return record.fault === null && COUNTS.every((name) => record[name] === 0);
}

export function summarise(seed: number, records: readonly RoundRecord[]): ChaosReport {
  const struck = records.flatMap((record) => record.struck);
  const sum = (name: (typeof COUNTS)[number] | 'mended') =>
    records.reduce((total, record) => total + record[name], 0);
  const failures: Record<string, number> = {};
  for (const [code, count] of records.flatMap((record) => Object.entries(record.failures))) {
    failures[code] = (failures[code] ?? 0) + count;
  }
  const kills = struck.filter(({ kind }) => kind === 'kill-runner' || kind === 'kill-edge');
  return {
    seed,
    rounds: records.length,
    faults: struck.length,
    planned: records.length * FAULTS_A_ROUND,
    failed: records.flatMap(({ round, fault }) => (fault === null ? [] : [{ round, fault }])),
    wrong: records.filter((record) => !isClean(record)).map(({ round }) => round),
    differingBytes: sum('differingBytes'),
    lostMetricRows: sum('lostMetricRows'),
    doubledMetricRows: sum('doubledMetricRows'),
    changedMetricRows: sum('changedMetricRows'),
    unfencedWrites: sum('unfencedWrites'),
    healthyLeasesLost: sum('healthyLeasesLost'),
    serverErrors: sum('serverErrors'),
    mended: sum('mended'),
    failures,
    kinds: countBy(struck.map(({ kind }) => kind)),
    points: countBy(struck.map(({ point }) => point)),
    slowestRecoverySeconds: Math.max(0, ...kills.map(({ seconds }) => seconds)),
  };
}

function countBy(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names.toSorted()) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}
