/** Where the next kill strikes: chosen from the seed, at points that the traffic between runner and edge shows. */
import { integerBelow } from '../../../shared/random.ts';
import { PHASES, type Operation, type Phase } from './proxy.ts';

const VICTIMS = ['runner', 'edge'] as const;
export type Victim = (typeof VICTIMS)[number];

/** At the `skip`-th next request of the operation, in that phase. */
export interface Kill {
  readonly victim: Victim;
  readonly operation: Operation;
  readonly phase: Phase;
  readonly skip: number;
}

/** Each as often as it should be struck; checkpoints most of all. */
const OPERATIONS: readonly Operation[] = [
  'put-checkpoint',
  'put-checkpoint',
  'put-checkpoint',
  'checkpoint',
  'checkpoint',
  'checkpoint',
  'put-output',
  'put-output',
  'complete',
  'complete',
  'heartbeat',
  'heartbeat',
  'get-artifact',
  'claim',
];
const MOST_SKIPPED = 3;

/** The kill of that number; a pure function of the seed. */
export function planKill(seed: number, number: number): Kill {
  const choose = <Choice>(choices: readonly Choice[], counter: number): Choice => {
    const choice = choices[integerBelow(choices.length, seed, number, counter)];
    if (choice === undefined) throw new RangeError('nothing to choose from');
    return choice;
  };
  return {
    victim: choose(VICTIMS, 0),
    operation: choose(OPERATIONS, 1),
    phase: choose(PHASES, 2),
    skip: integerBelow(MOST_SKIPPED + 1, seed, number, 3),
  };
}
