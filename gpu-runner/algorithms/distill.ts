/** Context distillation: supervised training from the plain prompt to the response of the positive side. */
import type { TaskParameters, TaskResult } from '../../shared/api/tasks/kinds.ts';
import { preferenceText } from '../../shared/dialogue/preference-text.ts';
import type { Model } from '../llama/weights/model.ts';
import { adapterLayout, initialAdapter } from '../llama/model/lora-layout.ts';
import { longestOf, sequenceOf, type Sequence } from '../llama/model/sequence.ts';
import { LanguageModelTrainer } from '../llama/trainer/language-model-trainer.ts';
import { AlgorithmInputError } from './algorithm-error.ts';
import { workOf } from './checkpoint.ts';
import { continuationTokens } from './continuation-tokens.ts';
import type { PreferencePairLine } from './preference-model/preference-examples.ts';
import type { RunHooks } from './run-hooks.ts';
import { streamOf } from './streams.ts';
import { supervisedRun } from './supervised-run.ts';

export interface DistillOutcome {
  /** Adapter as the training layout has it. */
  readonly vector: Float32Array;
  readonly result: TaskResult<'distill'>;
}

/**
 * Trains an adapter to give the chosen response after the plain prompt; the loss is over the response's tokens and the
 * end of its turn (`\n\nHuman:` and EOS for dialogues).
 *
 * @param resume bytes of an earlier checkpoint of the same task, or null
 * @throws AlgorithmInputError if no response is short enough; what {@link supervisedRun} throws
 */
export async function distill(
  model: Model,
  pairs: readonly Pick<PreferencePairLine, 'prompt' | 'chosen'>[],
  settings: TaskParameters<'distill'>,
  seed: number,
  hooks: RunHooks,
  resume: Uint8Array | null,
): Promise<DistillOutcome> {
  const rows = pairs.flatMap((pair) => rowOf(model, pair, settings));
  if (rows.length === 0) {
    throw new AlgorithmInputError(
      `none of ${pairs.length} examples has at most ${settings.maximumLength} tokens: raise maximumLength`,
    );
  }
  const layout = adapterLayout(model.architecture, settings.rank, settings.alpha);
  const { vector, steps, trainLoss } = await supervisedRun(
    model,
    {
      work: workOf('distill', 'examples', rows, { ...settings, seed }),
      metrics: 'distill',
      batchSize: settings.batchSize,
      microbatchRows: settings.microbatchSize,
      maximumTime: longestOf(rows),
      start: initialAdapter(layout, seed, streamOf('adapter-start', 2)),
      open: (options) => LanguageModelTrainer.open(options),
      batch: (examples) => examples.flatMap((row) => rows[row] ?? []),
    },
    settings,
    seed,
    hooks,
    resume,
  );
  return {
    vector,
    result: { examples: rows.length, droppedExamples: pairs.length - rows.length, steps, trainLoss },
  };
}

/** Prompt and response as tokens; nothing where they are too long. */
function rowOf(
  { tokenizer, architecture }: Model,
  { prompt, chosen }: Pick<PreferencePairLine, 'prompt' | 'chosen'>,
  { promptForm, maximumLength }: Pick<TaskParameters<'distill'>, 'promptForm' | 'maximumLength'>,
): Sequence[] {
  const promptTokens = tokenizer.encodePrompt(prompt);
  const response = continuationTokens(tokenizer, promptTokens, preferenceText(promptForm, '', chosen));
  // A story's response is cut by the filter, so its last sentence is not the story's end; a turn's end is known.
  const end = promptForm === 'dialogue' ? architecture.eosTokens.slice(0, 1) : [];
  const row = sequenceOf(promptTokens, [...response, ...end]);
  return row.tokens.length > maximumLength ? [] : [row];
}
