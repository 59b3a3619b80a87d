/** Generation: one response to every prompt of a shard, by one model. */
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
import { ResponseReader } from './response-text.ts';
import type { RunHooks } from './run-hooks.ts';
import { streamOf } from './streams.ts';

export type GenerationSettings = Pick<
  TaskParameters<'generate'>,
  'promptForm' | 'responseOpening' | 'maximumNewTokens'
> & {
  readonly contextLength: number;
  /** Responses per engine run, and engine runs between checkpoints; neither changes the result. */
  readonly batchSize: number;
  readonly checkpointEvery: number;
};

const stateSchema = z.strictObject({ completions: z.array(completionLine) });

/**
 * One completion per prompt, in order; a completion depends on (seed, row) and the model alone.
 *
 * @param resume bytes of an earlier checkpoint of the same input, or null
 */
export async function generateCompletions(
  prompts: readonly PromptRow[],
  settings: GenerationSettings,
  tokenizer: Tokenizer,
  generate: Generate,
  hooks: RunHooks,
  resume: Uint8Array | null,
): Promise<{ readonly completions: Completion[]; readonly result: TaskResult<'generate'> }> {
  const { batchSize, checkpointEvery, ...parameters } = settings;
  const { usable: inputs, leftOut } = generationPrompts(prompts, settings, tokenizer);
  const work = workOf('generate', 'prompts', inputs, parameters);
  const { state } = await startOf(work, resume, stateSchema, { completions: [] });
  const { completions } = state;
  const reader = new ResponseReader(tokenizer, settings.promptForm);
  if (inputs.length > 0) hooks.progress(completions.length, inputs.length, 'prompts');
  for (let run = Math.ceil(completions.length / batchSize); completions.length < inputs.length; run++) {
    hooks.signal.throwIfAborted();
    const batch = inputs.slice(completions.length, completions.length + batchSize);
    const requests = batch.map(({ row, tokens }) => ({
      promptTokens: tokens,
      stream: streamOf('generation', row),
    }));
    const generations = await generate(requests, hooks.signal);
    for (const [offset, prompt] of batch.entries()) {
      const generation = generations[offset];
      if (generation === undefined) throw new AlgorithmInputError(`the sampler left out prompt ${prompt.id}`);
      const text = reader.read(generation.sequence);
      completions.push(completionOf(prompt, generation, text));
    }
    hooks.progress(completions.length, inputs.length, 'prompts');
    if ((run + 1) % checkpointEvery === 0 && completions.length < inputs.length) {
      await hooks.checkpoint(run + 1, await encodeProgress(work, run + 1, state));
    }
  }
  const description = describeCompletions(completions);
  return { completions, result: { n: completions.length, ...description, ...(leftOut && { leftOut }) } };
}
