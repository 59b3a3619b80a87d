/**
 * The door into the engine: a whole PPO step on one screen, with the parts that a real run uses. The policy is a table
 * (row: the last token, column: the logit of the next one), a response is six tokens, and its score is how many are token 2.
 */
import { expect, it } from 'vitest';
import { estimateAdvantages } from '../../../../gpu-runner/algorithms/ppo/advantages.ts';
import { sampledKlMatrix } from '../../../../gpu-runner/algorithms/ppo/kl-penalty.ts';
import { placeRewards } from '../../../../gpu-runner/algorithms/ppo/rewards.ts';
import { whiten } from '../../../../gpu-runner/algorithms/ppo/whitening.ts';
import { policyLoss } from '../../../../gpu-runner/llama/trainer/losses.ts';
import { gradients } from '../../../../gpu-runner/tensor/gradient.ts';
import { Graph } from '../../../../gpu-runner/tensor/graph.ts';
import * as ops from '../../../../gpu-runner/tensor/operators.ts';
import { serialiseGraph } from '../../../../gpu-runner/tensor/serialise.ts';
import { TensorSession } from '../../../../gpu-runner/tensor/session.ts';
import { uniform } from '../../../../shared/random.ts';
import { numbers } from '../../tensor/engine.ts';

const [VOCABULARY, ROWS, COLUMNS, STEPS, EPOCHS] = [4, 64, 6, 25, 3];
const SHAPE = { rows: ROWS, columns: COLUMNS, lengths: Array.from({ length: ROWS }, () => COLUMNS) };

/** Forward, loss, backward and update, as one graph: one run of it is one update. */
function updateGraph(): Graph {
  const graph = new Graph('toy PPO update');
  const table = graph.input('table', 'float32', [VOCABULARY, VOCABULARY]);
  const previous = graph.input('previous', 'int64', ['tokens']);
  const next = graph.input('next', 'int64', ['tokens']);
  const [oldLogProbabilities, advantages, weights] = ['old', 'advantages', 'weights'].map((name) =>
    graph.input(name, 'float32', ['tokens', 1]),
  );
  if (!oldLogProbabilities || !advantages || !weights) throw new Error('three inputs');
  const distribution = ops.softmax(ops.gather(table, previous), 1); // [tokens, vocabulary]
  const logProbabilities = ops.log(ops.gatherElements(distribution, ops.unsqueeze(next, [1]), 1)); // [tokens, 1]
  const loss = policyLoss(logProbabilities, { oldLogProbabilities, advantages, weights }, 0.2);
  const [slope] = gradients(loss, [table]);
  if (slope === undefined) throw new Error('one gradient');
  graph.output('logProbabilities', logProbabilities);
  graph.output('table_next', ops.subtract(table, ops.multiply(slope, 2)));
  return graph;
}

/** Six tokens a row, each drawn from the row of the token before it: the number depends on (seed, row, position) alone. */
function sample(table: readonly number[], step: number): { previous: number[]; next: number[] } {
  const previous: number[] = [];
  const next: number[] = [];
  for (let row = 0; row < ROWS; row++) {
    for (let column = 0, token = 0; column < COLUMNS; column++) {
      const weights = table.slice(token * VOCABULARY, (token + 1) * VOCABULARY).map(Math.exp);
      let left = uniform(1, step * ROWS + row, column) * weights.reduce((sum, weight) => sum + weight, 0);
      previous.push(token);
      token = weights.findIndex((weight) => (left -= weight) < 0);
      next.push(token);
    }
  }
  return { previous, next };
}

it('raises the score by PPO, and starts each step at the policy that sampled', async () => {
  const session = await TensorSession.open({ model: serialiseGraph(updateGraph()) }, { threads: 1 });
  const column = (data: ArrayLike<number>) =>
    ({ dtype: 'float32', shape: [data.length, 1], data: Float32Array.from(data) }) as const;
  const tokens = (data: readonly number[]) =>
    ({ dtype: 'int64', shape: [data.length], data: BigInt64Array.from(data, BigInt) }) as const;
  const update = async (
    from: readonly number[],
    rollout: ReturnType<typeof sample>,
    old: ArrayLike<number>,
    advantages: ArrayLike<number>,
  ) => {
    const outputs = await session.run({
      table: { dtype: 'float32', shape: [VOCABULARY, VOCABULARY], data: Float32Array.from(from) },
      previous: tokens(rollout.previous),
      next: tokens(rollout.next),
      old: column(old),
      advantages: column(advantages),
      weights: column(Array.from(old, () => 1 / old.length)),
    });
    return { table: numbers(outputs['table_next']), logProbabilities: numbers(outputs['logProbabilities']) };
  };
  const reference = Array.from({ length: VOCABULARY * VOCABULARY }, () => 0);
  const nothing = new Float64Array(ROWS * COLUMNS);
  const means: number[] = [];
  const firsts: boolean[] = [];
  let table = reference;
  for (let step = 0; step < STEPS; step++) {
    // 1. Roll out, and score each response.
    const rollout = sample(table, step);
    const scores = SHAPE.lengths.map(
      (length, row) =>
        rollout.next.slice(row * length, (row + 1) * length).filter((token) => token === 2).length,
    );
    means.push(scores.reduce((sum, score) => sum + score, 0) / ROWS);
    // 2. What policy and reference say of the tokens; advantages of zero change nothing.
    const [policy, base] = await Promise.all(
      [table, reference].map((one) => update(one, rollout, nothing, nothing)),
    );
    if (policy === undefined || base === undefined) throw new Error('two policies');
    // 3. Rewards (the score at the last token, the KL everywhere), advantages (no value model here), whitening.
    const kl = sampledKlMatrix('k1', SHAPE, policy.logProbabilities, base.logProbabilities);
    const rewards = placeRewards(SHAPE, kl, 0.05, scores);
    const { advantages } = estimateAdvantages(SHAPE, rewards, nothing, { gamma: 1, gaeLambda: 1 });
    const whitened = whiten(SHAPE, advantages, 'shift-mean');
    // 4. Several updates on the same rollouts, held near the policy that sampled by the clipped ratio.
    for (let epoch = 0; epoch < EPOCHS; epoch++) {
      const done = await update(table, rollout, policy.logProbabilities, whitened);
      firsts.push(
        epoch > 0 || done.logProbabilities.every((one, place) => one === policy.logProbabilities[place]),
      );
      ({ table } = done);
    }
  }
  await session.close();
  // The first update of every step sees a ratio of exactly 1.
  expect(firsts).not.toContain(false);
  expect(means[0]).toBeLessThan(2);
  expect(means.at(-1)).toBeGreaterThan(4);
});
