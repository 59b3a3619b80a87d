/** Which faults strike in a round, and where: chosen from the seed, at points that the traffic of the runners shows. */
import { integerBelow, uniform } from '../../../shared/random.ts';
import type { Operation, Phase } from './proxy.ts';

export const FAULT_KINDS = [
  'kill-runner',
  'kill-edge',
  'stop-runner',
  'stop-edge',
  'break',
  'delay',
  'reorder',
  'duplicate',
  'late-copy',
  'full-disk',
  'slow-disk',
  'clock-ahead',
  'clock-back',
  'flip',
] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

/** At the `skip`-th next request of the operation, in that phase. */
export interface Fault {
  readonly kind: FaultKind;
  readonly operation: Operation;
  readonly phase: Phase;
  readonly skip: number;
  /** From 0 to 1: how long, how far, how often; each kind says what. */
  readonly size: number;
}

/** A choice, as often as it should be made. */
type Weights<Choice extends string> = Readonly<Partial<Record<Choice, number>>>;

const KINDS: Weights<FaultKind> = {
  'kill-runner': 2,
  'kill-edge': 2,
  'stop-runner': 1,
  'stop-edge': 1,
  break: 4,
  delay: 2,
  reorder: 3,
  duplicate: 4,
  'late-copy': 4,
  'full-disk': 2,
  'slow-disk': 1,
  'clock-ahead': 1,
  'clock-back': 1,
  flip: 3,
};

/** Checkpoints most of all. */
const OPERATIONS: Weights<Operation> = {
  'put-checkpoint': 3,
  checkpoint: 3,
  'put-output': 2,
  complete: 2,
  heartbeat: 2,
  'get-artifact': 1,
  claim: 1,
};
/** A bit flips in what has been stored or is about to be read. */
const WITH_BYTES: Weights<Operation> = { 'put-checkpoint': 3, 'put-output': 2, 'get-artifact': 2 };

const EVERYWHERE: Weights<Phase> = { asked: 1, 'half-sent': 1, answered: 1, 'passed-on': 1 };
/** Where something is still to come that can be lost. */
const UNDER_WAY: Weights<Phase> = { asked: 1, 'half-sent': 1, answered: 1 };
const PHASES_OF: Readonly<Partial<Record<FaultKind, Weights<Phase>>>> = {
  break: UNDER_WAY,
  delay: { asked: 2, answered: 1 },
  reorder: { asked: 2, answered: 1 },
  duplicate: { asked: 1, answered: 1 },
  'late-copy': { 'passed-on': 1 },
};
const MOST_SKIPPED = 2;
/** Some points do not come, or come while another fault has its effect: most of these strike. */
export const FAULTS_A_ROUND = 5;

/** The faults of a round; a pure function of seed and round. */
export function planRound(seed: number, round: number): Fault[] {
  return Array.from({ length: FAULTS_A_ROUND }, (_, place) =>
    planFault(seed, round * FAULTS_A_ROUND + place),
  );
}

function planFault(seed: number, number: number): Fault {
  const draw = <Choice extends string>(weights: Weights<Choice>, counter: number) =>
    choose(weights, uniform(seed, number, counter));
  const kind = draw(KINDS, 0);
  const operation = draw(kind === 'flip' ? WITH_BYTES : OPERATIONS, 1);
  const before: Weights<Phase> = { [operation === 'get-artifact' ? 'asked' : 'passed-on']: 1 };
  return {
    kind,
    operation,
    phase: draw(kind === 'flip' ? before : (PHASES_OF[kind] ?? EVERYWHERE), 2),
    skip: integerBelow(MOST_SKIPPED + 1, seed, number, 3),
    size: uniform(seed, number, 4),
  };
}

/** @param at from 0 to 1 */
function choose<Choice extends string>(weights: Weights<Choice>, at: number): Choice {
  const entries = Object.entries(weights) as [Choice, number][];
  let left = at * entries.reduce((sum, [, weight]) => sum + weight, 0);
  for (const [choice, weight] of entries) {
    left -= weight;
    if (left < 0) return choice;
  }
  throw new RangeError('nothing to choose from');
}
