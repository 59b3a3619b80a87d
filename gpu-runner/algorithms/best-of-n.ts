/** Best of n: several responses to every prompt, of which the one that the preference model scores highest is kept. */
import { z } from 'zod';
import { completionLine } from '../../shared/api/tasks/generate.ts';
import type { TaskParameters, TaskResult } from '../../shared/api/tasks/kinds.ts';
import type { Tokenizer } from '../llama/tokenizer/tokenizer.ts';
import { AlgorithmInputError } from './algorithm-error.ts';
import { encodeProgress, startOf, workOf } from './checkpoint.ts';
import { completionOf, generationPrompts, type Completion } from './completion.ts';
import { describeCompletions } from './describe-completions.ts';
import type { Generate } from './generation.ts';
import type { PromptRow } from './prompt.ts';
import { ResponseReader, scoredPart } from './response-text.ts';
import type { RunHooks } from './run-hooks.ts';
import { streamOf } from './streams.ts';

export type BestOfNSettings = Pick<
  TaskParameters<'best-of-n'>,
  'promptForm' | 'responseOpening' | 'maximumNewTokens' | 'candidates'
> & {
  readonly contextLength: number;
  /** Responses per engine run at most (a prompt's candidates stay together); does not change the result. */
  readonly batchSize: number;
  readonly checkpointEvery: number;
};

/** Scores of texts given as tokens, in order. */
export type ScoreTexts = (texts: readonly Int32Array[], signal: AbortSignal) => Promise<Float64Array>;

const stateSchema = z.strictObject({
  completions: z.array(completionLine),
  /** Sum over prompts of the kept score less the mean of the prompt's candidates. */
  gainSum: z.number(),
});

/**
 * One completion per prompt, the best of `candidates`; of equal scores the first. Every candidate depends on
 * (seed, row, candidate) alone.
 *
 * @param score the preference model, which reads prompt and the response's scored part
 * @param resume bytes of an earlier checkpoint of the same input, or null
 * @throws AlgorithmInputError if there is no prompt of use
 */
export async function bestOfN(
  prompts: readonly PromptRow[],
  settings: BestOfNSettings,
  tokenizer: Tokenizer,
  engine: { readonly generate: Generate; readonly score: ScoreTexts },
  hooks: RunHooks,
  resume: Uint8Array | null,
): Promise<{ readonly completions: Completion[]; readonly result: TaskResult<'best-of-n'> }> {
  const { batchSize, checkpointEvery, ...parameters } = settings;
  const { candidates } = parameters;
  const { usable: inputs, leftOut } = generationPrompts(prompts, settings, tokenizer);
  const work = workOf('best-of-n', 'prompts', inputs, parameters);
  const { state, step } = await startOf(work, resume, stateSchema, { completions: [], gainSum: 0 });
  const { completions } = state;
  const reader = new ResponseReader(tokenizer, settings.promptForm);
  if (inputs.length > 0) hooks.progress(completions.length, inputs.length, 'prompts');
  const promptsPerRun = Math.max(1, Math.floor(batchSize / candidates));
  for (let run = step; completions.length < inputs.length; run++) {
    hooks.signal.throwIfAborted();
    const batch = inputs.slice(completions.length, completions.length + promptsPerRun);
    const requests = batch.flatMap(({ row, tokens }) =>
      Array.from({ length: candidates }, (_, candidate) => ({
        promptTokens: tokens,
        stream: streamOf('best-of-n', row * candidates + candidate),
      })),
    );
    const generations = await engine.generate(requests, hooks.signal);
    const read = generations.map((generation) => ({ generation, text: reader.read(generation.sequence) }));
    const scores = await engine.score(
      read.map(({ generation, text }) => scoredPart(generation.sequence, text)),
      hooks.signal,
    );
    for (const [index, prompt] of batch.entries()) {
      const own = scores.subarray(index * candidates, (index + 1) * candidates);
      const texts = read.slice(index * candidates, (index + 1) * candidates).map(({ text }) => text);
      const best = bestOf(own, settings.promptForm === 'dialogue' ? texts.map(({ ended }) => ended) : null);
      const kept = read[index * candidates + best];
      if (kept === undefined) throw new AlgorithmInputError(`the sampler left out prompt ${prompt.id}`);
      state.gainSum += (own[best] ?? Number.NaN) - own.reduce((sum, value) => sum + value, 0) / candidates;
      completions.push(completionOf(prompt, kept.generation, kept.text));
    }
    hooks.progress(completions.length, inputs.length, 'prompts');
    if ((run + 1) % checkpointEvery === 0 && completions.length < inputs.length) {
      await hooks.checkpoint(run + 1, await encodeProgress(work, run + 1, state));
    }
  }
  return {
    completions,
    result: {
      n: completions.length,
      ...describeCompletions(completions),
      ...(leftOut && { leftOut }),
      candidates,
      scoreGain: state.gainSum / completions.length,
    },
  };
}

/**
 * Index of the highest score; of equal ones the first. An answer that ran to the cap loses to each that ended its turn,
 * as PPO punishes it. @param ended by candidate; null where texts need not end
 */
function bestOf(scores: Float64Array, ended: readonly boolean[] | null): number {
  const rank = (place: number): readonly [number, number] => [
    ended === null || ended[place] === true ? 1 : 0,
    scores[place] ?? Number.NaN,
  ];
  return scores.reduce((top, _, place) => {
    const [[a, x], [b, y]] = [rank(place), rank(top)];
    return a > b || (a === b && x > y) ? place : top;
  }, 0);
}
