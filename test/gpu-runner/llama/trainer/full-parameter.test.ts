/** Forward and all gradients of a fully trained fp32 model against the float64 oracle. */
import { describe, expect, it } from 'vitest';
import { languageModelBatch } from '../../../../gpu-runner/llama/trainer/language-model-trainer.ts';
import { fullLayout } from '../../../../gpu-runner/llama/trainer/full-weights.ts';
import { hiddenStates, logits } from '../../../oracle/llama.ts';
import { Tape } from '../../../oracle/tape.ts';
import {
  familyVariants,
  flatGradient,
  oracleWeights,
  randomModel,
  randomSequences,
  shapeVariants,
  worstDifference,
} from './fixtures.ts';
import { gradientOf } from './one-run.ts';

describe.each([...shapeVariants, ...familyVariants])('a fully trained model: %s', (_name, architecture) => {
  it('has the oracle log-probabilities and gradients, whatever the padding', async () => {
    const trainable = { kind: 'full', architecture } as const;
    const vector = randomModel(architecture, 11);
    const sequences = randomSequences(5, architecture.vocabularySize, [2, 19], 5);
    const rows = [sequences.map((tokens) => ({ tokens, start: 1 }))];
    const scored = sequences.reduce((sum, tokens) => sum + tokens.length - 1, 0);
    const { batch, picks } = languageModelBatch(rows, [1 / scored], trainable, 24);
    const results = await gradientOf(trainable, { kind: 'language-model' }, batch.feeds, vector, 24);

    const tensors = new Map(fullLayout(architecture).map((tensor) => [tensor.name, tensor]));
    const { weights, sources } = oracleWeights(architecture, (name) => {
      const tensor = tensors.get(name);
      if (tensor === undefined) throw new Error(`no ${name}`);
      return vector.slice(tensor.offset, tensor.offset + tensor.length);
    });
    let loss = 0;
    const expected = sequences.map((tokens) => {
      const tape = new Tape();
      const hidden = hiddenStates(tape, architecture, weights, tokens.slice(0, -1));
      const scores = tape.logProbabilities(logits(tape, architecture, hidden, weights), tokens.slice(1));
      tape.backward(
        scores,
        scores.data.map(() => -1 / scored),
      );
      scores.data.forEach((value) => (loss -= value / scored));
      return Array.from(scores.data);
    });
    const found = picks.unpack(results['logProbabilities'] ?? [], rows);
    expect(
      worstDifference(
        found.flat().flatMap((row) => Array.from(row)),
        expected.flat(),
      ),
    ).toBeLessThan(1e-5);
    expect(Number(results['loss']?.[0])).toBeCloseTo(loss, 5);
    expect(worstDifference(results['gradient'] ?? [], flatGradient(sources, vector.length))).toBeLessThan(
      1e-4,
    );
  });
});
