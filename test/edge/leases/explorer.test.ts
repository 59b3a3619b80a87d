/** At least 100,000 interleavings of claims, reports, ends, expiries and cancels: the store does what the model does. */
import { randomInt } from 'node:crypto';
import { expect, it } from 'vitest';
import { A_TREE, explore } from './explore.ts';

const TREES = Math.ceil(100_000 / A_TREE);
const seed = Number(process.env['RLCD_EXPLORER_SEED'] ?? randomInt(2 ** 31));

it('holds every interleaving to the model', async () => {
  console.log(`lease explorer: seed ${seed} (RLCD_EXPLORER_SEED repeats it)`);
  const counts = await explore(TREES, seed);
  console.log(`lease explorer: ${JSON.stringify(counts)}`);
  expect(counts.interleavings).toBeGreaterThanOrEqual(100_000);
  // What was never met was not tested.
  for (const event of [
    'claim lease',
    'claim none',
    'report applied',
    'report repeated',
    'checkpoint done',
    'complete done',
    'fail done',
    'lease-lost',
    'forbidden',
    'report-out-of-order',
    'delayed',
    'duplicated',
    'expire',
    'cancel',
    'share',
  ]) {
    expect(counts[event], event).toBeGreaterThan(100);
  }
});
