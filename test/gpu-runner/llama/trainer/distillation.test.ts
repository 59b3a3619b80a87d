/** Learning from distributions: loss and all gradients against the float64 oracle, and one-hot targets against tokens. */
import { describe, expect, it } from 'vitest';
import {
  type DistilledRow,
  distillationBatch,
  DistillationTrainer,
} from '../../../../gpu-runner/llama/trainer/distillation-trainer.ts';
import { fullLayout } from '../../../../gpu-runner/llama/trainer/full-weights.ts';
import { languageModelBatch } from '../../../../gpu-runner/llama/trainer/language-model-trainer.ts';
import { initialState } from '../../../../gpu-runner/llama/trainer/training-state.ts';
import { uniform } from '../../../../shared/random.ts';
import { hiddenStates, logits } from '../../../oracle/llama.ts';
import { Tape } from '../../../oracle/tape.ts';
import {
  adam,
  flatGradient,
  oracleWeights,
  randomModel,
  randomSequences,
  shapeVariants,
  smallShape,
  worstDifference,
} from './fixtures.ts';
import { gradientOf } from './one-run.ts';

/** Rows with three candidates a token, drawn and weighed at random. */
function randomRows(vocabularySize: number, seed: number): DistilledRow[] {
  return randomSequences(4, vocabularySize, [3, 17], seed).map((tokens, row) => ({
    tokens,
    start: 1 + (row % 2),
    distributions: tokens.slice(1 + (row % 2)).map((_, place) => {
      const draw = (counter: number): number => uniform(seed, 100 * row + place, counter);
      const first = Math.floor(draw(0) * vocabularySize);
      const weights = [draw(1), draw(2), draw(3)];
      const total = weights.reduce((sum, weight) => sum + weight, 0);
      return {
        tokens: [first, (first + 5) % vocabularySize, (first + 9) % vocabularySize],
        shares: weights.map((weight) => weight / total),
      };
    }),
  }));
}

describe.each(shapeVariants)('distillation into a whole model: %s', (_name, architecture) => {
  it('has the cross-entropy and the gradients of the oracle, whatever the padding', async () => {
    const trainable = { kind: 'full', architecture } as const;
    const vector = randomModel(architecture, 21);
    const rows = randomRows(architecture.vocabularySize, 7);
    const scored = rows.reduce((sum, row) => sum + row.distributions.length, 0);
    const batch = distillationBatch(rows, 1 / scored, trainable, 24);
    const results = await gradientOf(trainable, { kind: 'distillation' }, batch.feeds, vector, 24);

    const tensors = new Map(fullLayout(architecture).map((tensor) => [tensor.name, tensor]));
    const { weights, sources } = oracleWeights(architecture, (name) => {
      const tensor = tensors.get(name);
      if (tensor === undefined) throw new Error(`no ${name}`);
      return vector.slice(tensor.offset, tensor.offset + tensor.length);
    });
    let loss = 0;
    for (const { tokens, start, distributions } of rows) {
      // Of a candidate k with share t the oracle takes t log p_k, one candidate at a time.
      for (const candidate of [0, 1, 2]) {
        const tape = new Tape();
        const hidden = hiddenStates(tape, architecture, weights, Array.from(tokens).slice(0, -1));
        const targets = [
          ...Array.from({ length: start - 1 }, () => 0),
          ...distributions.map((one) => one.tokens[candidate] ?? 0),
        ];
        const shares = [
          ...Array.from({ length: start - 1 }, () => 0),
          ...distributions.map((one) => one.shares[candidate] ?? 0),
        ];
        const scores = tape.logProbabilities(logits(tape, architecture, hidden, weights), targets);
        tape.backward(
          scores,
          shares.map((share) => -share / scored),
        );
        scores.data.forEach((value, place) => (loss -= (value * (shares[place] ?? 0)) / scored));
      }
    }
    expect(Number(results['loss']?.[0])).toBeCloseTo(loss, 5);
    expect(worstDifference(results['gradient'] ?? [], flatGradient(sources, vector.length))).toBeLessThan(
      1e-4,
    );
  });
});

describe('distillation', () => {
  const architecture = smallShape();
  const trainable = { kind: 'full', architecture } as const;

  it('from the tokens themselves is language modelling', async () => {
    const vector = randomModel(architecture, 3);
    const rows = randomSequences(5, architecture.vocabularySize, [4, 14], 8).map((tokens) => ({
      tokens,
      start: 1,
      distributions: tokens.slice(1).map((token) => ({ tokens: [token], shares: [1] })),
    }));
    const scored = rows.reduce((sum, row) => sum + row.distributions.length, 0);
    const soft = distillationBatch(rows, 1 / scored, trainable, 20);
    const hard = languageModelBatch([rows], [1 / scored], trainable, 20);
    const [one, other] = [
      await gradientOf(trainable, { kind: 'distillation' }, soft.feeds, vector, 20),
      await gradientOf(trainable, { kind: 'language-model' }, hard.batch.feeds, vector, 20),
    ];
    expect(one['loss']?.[0]).toBeCloseTo(other['loss']?.[0] ?? Number.NaN, 5);
    expect(worstDifference(one['gradient'] ?? [], Array.from(other['gradient'] ?? []))).toBeLessThan(1e-6);
  });

  it.each(['adam', 'orthogonal'] as const)(
    'reaches the entropy of its targets, in micro-batches (%s)',
    async (matrices) => {
      const rows = randomRows(architecture.vocabularySize, 5);
      const entropies = rows.flatMap(({ distributions }) =>
        distributions.map((one) =>
          Array.from(one.shares).reduce((sum, share) => sum - share * Math.log(share), 0),
        ),
      );
      const least = entropies.reduce((sum, one) => sum + one, 0) / entropies.length;
      const trainer = await DistillationTrainer.open({
        trainable,
        state: initialState([randomModel(architecture, 4)]),
        optimiser: matrices === 'adam' ? adam : { ...adam, matrices },
        maximumTime: 20,
        microbatchRows: 2,
        session: { threads: 1 },
      });
      try {
        let loss = Infinity;
        for (let step = 0; step < 250; step++) loss = (await trainer.step(rows, 0.01)).loss;
        expect(loss).toBeGreaterThan(least - 1e-3);
        expect(loss).toBeLessThan(least + 0.05);
      } finally {
        await trainer.close();
      }
    },
  );
});
