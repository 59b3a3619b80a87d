/** Generation: one response to every prompt of a shard, by one model. */
import { z } from 'zod';
import { completionLine } from '../../shared/api/tasks/generate.ts';
import type { TaskParameters, TaskResult } from '../../shared/api/tasks/kinds.ts';
import { contrastPrompts } from '../../shared/dialogue/contrast-prompts.ts';
import type { Tokenizer } from '../llama/tokenizer.ts';
import { AlgorithmInputError } from './algorithm-error.ts';
import { decodeCheckpoint, encodeCheckpoint } from './checkpoint.ts';
import type { Completion } from './completion.ts';
import { describeCompletions } from './describe-completions.ts';
import type { Generate, Generation } from './generation.ts';
import type { PromptRow } from './prompt.ts';
import { encodePrompt } from './prompt-tokens.ts';
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

const ALGORITHM = 'generate';
const STOP = /\n\nHuman:$/;
const stateSchema = z.strictObject({ prompts: z.int().positive(), completions: z.array(completionLine) });

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
  if (prompts.length === 0)
    throw new AlgorithmInputError('this shard has no prompt: use fewer shards than prompts');
  const { promptForm: form, responseOpening, maximumNewTokens, contextLength, batchSize } = settings;
  const nothing = { positive: '', negative: '' };
  const texts = prompts.map(({ text }) => contrastPrompts({ form, responseOpening }, nothing, text).plain);
  const tokens = texts.map((text, index) => {
    const limits = { name: prompts[index]?.id ?? '', maximumTokens: contextLength - maximumNewTokens };
    return encodePrompt(tokenizer, text, limits);
  });
  const completions = await startOf(resume, prompts.length);
  const reader = new ResponseReader(tokenizer, form);
  for (let run = Math.ceil(completions.length / batchSize); completions.length < prompts.length; run++) {
    hooks.signal.throwIfAborted();
    const first = completions.length;
    const batch = prompts.slice(first, first + batchSize);
    const requests = batch.map(({ row }, offset) => ({
      promptTokens: tokens[first + offset] ?? new Int32Array(),
      stream: streamOf('generation', row),
    }));
    const generations = await generate(requests, hooks.signal);
    for (const [offset, prompt] of batch.entries()) {
      const generation = generations[offset];
      if (generation === undefined) throw new AlgorithmInputError(`the sampler left out prompt ${prompt.id}`);
      const promptTokens = requests[offset]?.promptTokens ?? new Int32Array();
      completions.push(
        completionOf(
          prompt.id,
          texts[first + offset] ?? '',
          generation,
          reader.read(promptTokens, generation.tokens),
        ),
      );
    }
    hooks.progress(completions.length, prompts.length, 'prompts');
    if ((run + 1) % settings.checkpointEvery === 0 && completions.length < prompts.length) {
      const state = { prompts: prompts.length, completions };
      await hooks.checkpoint(
        run + 1,
        await encodeCheckpoint(ALGORITHM, { step: run + 1, state, tensors: new Map() }),
      );
    }
  }
  const description = describeCompletions(completions);
  return { completions, result: { n: completions.length, ...description } };
}

async function startOf(resume: Uint8Array | null, prompts: number): Promise<Completion[]> {
  if (resume === null) return [];
  const { state } = await decodeCheckpoint(ALGORITHM, resume, stateSchema, () => []);
  if (state.prompts === prompts) return state.completions;
  throw new AlgorithmInputError(`the checkpoint is of ${state.prompts} prompts, this shard has ${prompts}`);
}

function completionOf(
  promptId: string,
  prompt: string,
  generation: Generation,
  { text, ended }: { readonly text: string; readonly ended: boolean },
): Completion {
  return {
    promptId,
    prompt,
    completion: text.replace(STOP, '').trim(),
    tokens: generation.tokens.length,
    ended,
    baseLogProbability: generation.referenceLogProbabilities.reduce((sum, value) => sum + value, 0),
  };
}
