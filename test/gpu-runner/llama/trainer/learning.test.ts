/** Losses fall for the right reason: overfitting, a bandit with a known optimum, a planted preference. */
import { openCpuBackend } from '../../../../gpu-runner/llama/backends/cpu/cpu-backend.ts';
import { describe, expect, it } from 'vitest';
import { LanguageModelTrainer } from '../../../../gpu-runner/llama/trainer/language-model-trainer.ts';
import { adapterLayout, initialAdapter } from '../../../../gpu-runner/llama/model/lora-layout.ts';
import { type PpoRow, PpoTrainer } from '../../../../gpu-runner/llama/trainer/ppo-trainer.ts';
import { lastOf } from '../../../../gpu-runner/llama/model/sequence.ts';
import { PreferenceTrainer } from '../../../../gpu-runner/llama/trainer/preference-trainer.ts';
import { ForwardPass } from '../../../../gpu-runner/llama/trainer/forward-pass.ts';
import { groupVector, initialState } from '../../../../gpu-runner/llama/trainer/training-state.ts';
import { uniform } from '../../../../shared/random.ts';
import { adam, randomModel, randomSequences, smallShape, withBase } from './fixtures.ts';

describe('language modelling', () => {
  it('overfits 32 sequences to under 0.05 nats a token', async () => {
    const architecture = smallShape({
      vocabularySize: 40,
      hiddenSize: 64,
      headSize: 16,
      rope: { ...smallShape().rope, rotarySize: 16 },
      intermediateSize: 128,
    });
    const trainer = await LanguageModelTrainer.open({
      trainable: { kind: 'full', architecture },
      state: initialState([randomModel(architecture, 1)]),
      optimiser: adam,
      maximumTime: 16,
      microbatchRows: 32,
      session: { threads: 2 },
    });
    // The first token names the sequence, so that what follows can be known.
    const rows = randomSequences(32, 40, [12, 16], 2).map((tokens, row) => ({
      tokens: [row, ...tokens.slice(1)],
      start: 1,
    }));
    const losses: number[] = [];
    for (let step = 0; step < 200 && (losses.at(-1) ?? 1) > 0.04; step++) {
      losses.push((await trainer.step([rows], [0.01 * Math.min(1, (step + 1) / 10)])).loss);
    }
    await trainer.close();
    expect(losses[0]).toBeGreaterThan(3);
    expect(losses.at(-1)).toBeLessThan(0.05);
  });

  it('learns with adapters over a frozen 8-bit base, and leaves the other group alone', async () => {
    const architecture = smallShape();
    await withBase(architecture, 'int8', 4, async (base) => {
      const layout = adapterLayout(architecture, 8, 16);
      const vectors = [0, 1].map((stream) => initialAdapter(layout, 9, stream));
      const trainer = await LanguageModelTrainer.open({
        trainable: { kind: 'adapters', backend: await openCpuBackend(base), layout, groups: 2 },
        state: initialState(vectors),
        optimiser: adam,
        maximumTime: 12,
        microbatchRows: 8,
        session: { threads: 2 },
      });
      const rows = randomSequences(8, 48, [10, 12], 6).map((tokens, row) => ({
        tokens: [row, ...tokens.slice(1)],
        start: 1,
      }));
      const losses: number[] = [];
      for (let step = 0; step < 60; step++) {
        losses.push((await trainer.step([rows, []], [0.02, 0.02])).groupLosses[0] ?? 0);
      }
      expect(losses[0]).toBeGreaterThan(3);
      expect(losses.at(-1)).toBeLessThan((losses[0] ?? 0) / 2);
      expect(groupVector(trainer.state, 1)).toEqual(vectors[1]);
      await trainer.close();
    });
  });
});

describe('PPO', () => {
  it('finds the best arm of every context of a bandit', async () => {
    const arms = 12;
    const architecture = smallShape({ vocabularySize: arms });
    await withBase(architecture, 'int8', 5, async (base) => {
      const layout = adapterLayout(architecture, 4, 8);
      const vectors = [0, 1].map((stream) => initialAdapter(layout, 3, stream));
      const trainable = { kind: 'adapters', backend: await openCpuBackend(base), layout, groups: 2 } as const;
      const common = { trainable, maximumTime: 3, microbatchRows: 64, session: { threads: 2 } };
      const sampler = await ForwardPass.open({ ...common, scoring: 'logits' });
      const trainer = await PpoTrainer.open({
        ...common,
        state: initialState(vectors),
        optimiser: adam,
        policyClip: 0.2,
        value: { clip: 0.2, coefficient: 0.5 },
        temperature: 1,
      });
      const contexts = [1, 2, 3, 4].map((context) => [0, context]);
      const distributions = async (): Promise<number[][]> => {
        const [policy = []] = await sampler.nextLogits(trainer.state.parameters, [contexts, []]);
        return policy.map((logits) => {
          const top = Math.max(...logits);
          const weights = Array.from(logits, (logit) => Math.exp(logit - top));
          const total = weights.reduce((sum, weight) => sum + weight, 0);
          return weights.map((weight) => weight / total);
        });
      };
      const start = await distributions();
      // The best arm is one that the base rarely takes: the fifth of its ranking.
      const best = start.map((row) => {
        const ranked = row.map((probability, arm) => ({ probability, arm }));
        return ranked.sort((a, b) => b.probability - a.probability)[3]?.arm ?? 0;
      });
      const reward = (context: number, arm: number): number => (arm === best[context] ? 1 : 0);
      for (let step = 0; step < 150; step++) {
        const policies = await distributions();
        if (best.every((arm, context) => (policies[context]?.[arm] ?? 0) > 0.95)) break;
        const rollouts: PpoRow[] = Array.from({ length: 48 }, (_, row) => {
          const context = row % best.length;
          const probabilities = policies[context] ?? [];
          let rest = uniform(77, step, row);
          const drawn = probabilities.findIndex((probability) => (rest -= probability) < 0);
          const arm = drawn === -1 ? arms - 1 : drawn;
          const mean = probabilities[best[context] ?? 0] ?? 0;
          return {
            tokens: [...(contexts[context] ?? []), arm],
            start: 2,
            oldLogProbabilities: [Math.log(probabilities[arm] ?? 1)],
            advantages: [(reward(context, arm) - mean) / 0.3],
            oldValues: [0],
            returns: [reward(context, arm)],
          };
        });
        for (let epoch = 0; epoch < 2; epoch++) await trainer.step([rollouts], [0.005, 0.01]);
      }
      const end = await distributions();
      await trainer.close();
      await sampler.close();
      best.forEach((arm, context) => {
        expect(start[context]?.[arm]).toBeLessThan(0.2);
        expect(end[context]?.[arm]).toBeGreaterThan(0.9);
      });
    });
  });
});

describe('the preference model', () => {
  it('learns a planted preference to 99 % accuracy on pairs it has not seen', async () => {
    const architecture = smallShape();
    const planted = 7;
    const texts = (seed: number, count: number, wanted: boolean): number[][] =>
      randomSequences(count, 48, [6, 12], seed).map((tokens, index) => {
        const plain = tokens.map((token) => (token === planted ? planted + 1 : token));
        return wanted ? plain.with(index % plain.length, planted) : plain;
      });
    const pairs = (seed: number, count: number): { first: number[]; second: number[]; target: number }[] => {
      const [good, bad] = [texts(seed, count, true), texts(seed + 1000, count, false)];
      return good.map((text, index) =>
        index % 2 === 0
          ? { first: text, second: bad[index] ?? [], target: 0 }
          : { first: bad[index] ?? [], second: text, target: 1 },
      );
    };
    await withBase(architecture, 'int8', 6, async (base) => {
      const layout = adapterLayout(architecture, 4, 8);
      const trainable = { kind: 'adapters', backend: await openCpuBackend(base), layout, groups: 1 } as const;
      const common = { trainable, maximumTime: 12, microbatchRows: 64, session: { threads: 2 } };
      const trainer = await PreferenceTrainer.open({
        ...common,
        state: initialState([initialAdapter(layout, 8, 0, 'normal')]),
        optimiser: adam,
      });
      for (let step = 0; step < 120; step++) {
        await trainer.step([pairs(step, 32)], [0.01 * Math.min(1, (step + 1) / 10, (120 - step) / 60)]);
      }
      const held = pairs(5000, 200);
      const forwardPass = await ForwardPass.open({ ...common, scoring: 'scalars' });
      const rows = held.flatMap(({ first, second }) => [lastOf(first), lastOf(second)]);
      const { scalars } = await forwardPass.score(trainer.state.parameters, [rows]);
      await trainer.close();
      await forwardPass.close();
      const score = (index: number): number => scalars[0]?.[index]?.[0] ?? Number.NaN;
      const right = held.filter(
        ({ target }, pair) => score(2 * pair + 1) - score(2 * pair) > 0 === (target === 1),
      );
      expect(right.length / held.length).toBeGreaterThanOrEqual(0.99);
    });
  });
});
