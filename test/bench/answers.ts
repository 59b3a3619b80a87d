/** `npm run bench -- answers`: sampling, reading and training on several answers to a prompt, beside as many that share nothing. */
import { availableParallelism, cpus } from 'node:os';
import { openCpuBackend } from '../../gpu-runner/llama/backends/cpu/cpu-backend.ts';
import { adapterLayout, initialAdapter } from '../../gpu-runner/llama/model/lora-layout.ts';
import { scoredCount, sequenceOf, type Sequence } from '../../gpu-runner/llama/model/sequence.ts';
import type { SamplingRequest } from '../../gpu-runner/llama/sampler/request.ts';
import { Sampler } from '../../gpu-runner/llama/sampler/sampler.ts';
import { ForwardPass } from '../../gpu-runner/llama/trainer/forward-pass.ts';
import { PpoTrainer, type PpoRow } from '../../gpu-runner/llama/trainer/ppo-trainer.ts';
import { initialState } from '../../gpu-runner/llama/trainer/training-state.ts';
import { jsonOption } from '../../scripts/experiment/options.ts';
import { createCommand } from '../../shared/command-line/command.ts';
import { wholeNumber } from '../../shared/command-line/values.ts';
import { median, randomBase, round } from './common/figures.ts';
import { shapeOption } from './common/shape-option.ts';

const ANSWERS = 64;
const SHORTEST = 24;
const LONGEST = 64;
const RANK = 8;
const OPTIMISER = {
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  weightDecay: 0,
  epsilonForm: 'corrected',
  clipNorm: 1,
} as const;

export const command = createCommand(
  'npm run bench -- answers',
  `Samples, reads and trains on ${ANSWERS} answers of ${SHORTEST} to ${LONGEST} tokens, on random weights.`,
)
  .addOption(shapeOption('m135'))
  .option('--prompt <tokens>', 'of each prompt', wholeNumber(2), 32)
  .option('--siblings <n>', 'answers to each prompt', wholeNumber(1), 4)
  .option('--repeats <n>', 'of each, by turns', wholeNumber(1), 3)
  .addOption(jsonOption())
  .action(async ({ shape, prompt, siblings, repeats, json }) => {
    const base = await randomBase(shape);
    const backend = await (await openCpuBackend(base)).forTraining();
    const layout = adapterLayout(base.architecture, RANK, 16);
    const vector = initialAdapter(layout, 1, 1, 'normal');
    const shared = {
      trainable: { kind: 'adapters', backend, layout, groups: 1 },
      maximumTime: prompt + LONGEST,
      microbatchRows: 32,
    } as const;
    const trainerOf = async (together: number) =>
      await PpoTrainer.open({
        ...shared,
        state: initialState([vector]),
        optimiser: OPTIMISER,
        policyClip: 0.2,
        value: null,
        temperature: 1,
        siblings: together,
      });
    const rows = {
      together: answersTo(prompt, siblings, base.architecture.vocabularySize, true),
      apart: answersTo(prompt, siblings, base.architecture.vocabularySize, false),
    };
    const reader = await ForwardPass.open({ ...shared, scoring: 'tokens' });
    const sampler = await Sampler.open({
      backend,
      adapters: { layout, groups: 1 },
      maximumPositions: prompt + LONGEST,
      rows: ANSWERS,
    });
    const trainers = { together: await trainerOf(siblings), apart: await trainerOf(1) };
    const seconds: Record<string, number[]> = {};
    const timed = async (name: string, work: () => Promise<unknown>): Promise<void> => {
      const started = performance.now();
      await work();
      (seconds[name] ??= []).push((performance.now() - started) / 1000);
    };
    // One more than counts: the first of each warms up.
    for (let repeat = 0; repeat <= repeats; repeat++) {
      for (const how of ['apart', 'together'] as const) {
        await timed(`sample ${how}`, async () => await sampler.sample(requestFor(rows[how]), vector));
        await timed(`read ${how}`, async () => await reader.score(vector, [rows[how]]));
        const rollouts = rows[how].map(madeUpRollout);
        await timed(`train ${how}`, async () => await trainers[how].step([rollouts], [1e-4]));
      }
    }
    await Promise.all([sampler, reader, ...Object.values(trainers)].map(async (one) => await one.close()));
    const of = (name: string): number => median(seconds[name]?.slice(1) ?? []);
    const textTokens = rows.apart.reduce((sum, { tokens }) => sum + tokens.length, 0);
    const answerTokens = rows.apart.reduce((sum, sequence) => sum + scoredCount(sequence), 0);
    const figures = {
      shape,
      prompt,
      siblings,
      textTokens,
      answerTokens,
      sampleTogetherTokensPerSecond: Math.round(answerTokens / of('sample together')),
      sampleApartTokensPerSecond: Math.round(answerTokens / of('sample apart')),
      sampleRatio: round(of('sample apart') / of('sample together')),
      readTogetherTokensPerSecond: Math.round(textTokens / of('read together')),
      readApartTokensPerSecond: Math.round(textTokens / of('read apart')),
      readRatio: round(of('read apart') / of('read together')),
      trainTogetherTokensPerSecond: Math.round(textTokens / of('train together')),
      trainApartTokensPerSecond: Math.round(textTokens / of('train apart')),
      trainRatio: round(of('train apart') / of('train together')),
      machine: { processor: cpus()[0]?.model, threads: availableParallelism() },
    };
    console.log(json ? JSON.stringify(figures) : figures);
  });

/** @param alike whether the answers to a prompt share it; else each prompt begins with a token of its own */
function answersTo(
  promptTokens: number,
  siblings: number,
  vocabulary: number,
  alike: boolean,
): Sequence<Int32Array>[] {
  return Array.from({ length: ANSWERS }, (_, row) => {
    const group = Math.floor(row / siblings);
    const prompt = Int32Array.from(
      { length: promptTokens },
      (_unused, place) => ((alike || place > 0 ? group : ANSWERS + row) * 61 + place * 37 + 3) % vocabulary,
    );
    const length = SHORTEST + ((row * 11) % (LONGEST - SHORTEST + 1));
    const answer = Int32Array.from({ length }, (_unused, place) => (row * 101 + place * 13 + 7) % vocabulary);
    return sequenceOf(prompt, answer);
  });
}

/** As long answers to the same prompts. */
function requestFor(rows: readonly Sequence<Int32Array>[]): SamplingRequest {
  return {
    prompts: rows.map(({ tokens, start }) => tokens.subarray(0, start)),
    maximumNewTokens: rows.map(scoredCount),
    rowIds: rows.map((_, row) => row),
    seed: 1,
  };
}

/** Advantages of both signs, and old log-probabilities that are near no model's. */
function madeUpRollout(sequence: Sequence<Int32Array>): PpoRow {
  const wave = (rate: number): number[] =>
    Array.from({ length: scoredCount(sequence) }, (_, place) => Math.sin(rate * place));
  return {
    ...sequence,
    oldLogProbabilities: wave(1.3).map((value) => value - 10),
    advantages: wave(2.9),
    oldValues: wave(0.7),
    returns: wave(0.4),
  };
}
