/** Whether a model's answers differ by a principle's affixes: some are sampled a side, and read behind both prompts. */
import type { ContrastMeasurement, ContrastSettings } from '../../../shared/principles/contrast.ts';
import type { TaskParameters } from '../../../shared/api/tasks/kinds.ts';
import { NEXT_TURN } from '../../../shared/dialogue/terminal-text.ts';
import { batchSizes } from '../../../shared/planner/batch-sizes.ts';
import { responseOf, sequenceOf } from '../../llama/model/sequence.ts';
import type { Model } from '../../llama/weights/model.ts';
import { AlgorithmInputError } from '../algorithm-error.ts';
import { Generator, tokensContaining } from '../generator.ts';
import type { PromptRow } from '../prompt.ts';
import { ReferenceModel } from '../reference-model.ts';
import type { RunHooks } from '../run-hooks.ts';
import { filtered, sampledResponse } from '../simulate/responses.ts';
import { streamOf } from '../streams.ts';
import { totalNats } from '../total-nats.ts';
import { usablePrompts, type UsablePrompts } from '../usable-prompts.ts';
import { sidePrompts, type SidePrompts } from './side-prompts.ts';
import { describeContrast, type ContrastAnswer, type ContrastAnswers } from './describe-contrast.ts';

/** Part of the time that drawing the answers takes; reading them behind both prompts takes about as long. */
const SAMPLING = 0.5;

/** How the simulation samples. */
type ContrastSampling = Pick<
  TaskParameters<'simulate'>,
  'temperature' | 'topP' | 'maximumNewTokens' | 'bannedTexts'
>;

export interface ContrastInput {
  readonly contrast: ContrastSettings;
  readonly sampling: ContrastSampling;
  readonly prompts: readonly PromptRow[];
  readonly seed: number;
}

type Hooks = Pick<RunHooks, 'signal' | 'progress'>;

/** One answer that is asked for. */
interface Asked {
  readonly promptTokens: Int32Array;
  readonly opposite: Int32Array;
  readonly stream: number;
}

/** The figures of {@link contrastAnswers}; all but the rates depend on model, input and seed alone. */
export async function measureContrast(
  model: Model,
  input: ContrastInput,
  hooks: Hooks,
): Promise<ContrastMeasurement> {
  const { answers, ...measured } = await contrastAnswers(model, input, hooks);
  return { ...describeContrast(answers), ...measured };
}

/**
 * Samples one answer a side to every prompt, by the settings of the simulation, and reads each behind both prompts.
 *
 * @param model in the form of the contrast
 * @param hooks told of every run of the sampler, and when the answers are read
 * @throws PlacementError for a placement that the form has not; AlgorithmInputError where no prompt is of use
 */
export async function contrastAnswers(
  model: Model,
  input: ContrastInput,
  hooks: Hooks,
): Promise<Pick<ContrastMeasurement, 'leftOut' | 'rates'> & { readonly answers: ContrastAnswers[] }> {
  const { usable, leftOut } = sidesOf(model, input);
  const asked = usable.flatMap(({ row, positive, negative }): Asked[] => [
    { promptTokens: positive, opposite: negative, stream: streamOf('contrast-positive', row) },
    { promptTokens: negative, opposite: positive, stream: streamOf('contrast-negative', row) },
  ]);
  const sampled = await sample(model, input, asked, hooks);
  const read = await readBothWays(model, asked, sampled.responses, hooks);
  const described = asked.map((one, index) => ({
    ...describe(model, input, one, sampled.responses[index] ?? new Int32Array()),
    nats: read.nats[index] ?? Number.NaN,
  }));
  const answers = usable.map(({ plain }, index) => {
    const [positive, negative] = described.slice(2 * index);
    if (positive === undefined || negative === undefined)
      throw new AlgorithmInputError(`the sampler answered ${described.length} of ${asked.length} requests`);
    return { prompt: plain, positive, negative };
  });
  return { answers, leftOut, rates: { sampled: sampled.rate, read: read.rate } };
}

function sidesOf({ tokenizer, architecture }: Model, input: ContrastInput): UsablePrompts<SidePrompts> {
  const { contrast, sampling, prompts, seed } = input;
  const maximumTokens = architecture.maximumPositions - sampling.maximumNewTokens;
  if (prompts.length === 0) throw new AlgorithmInputError('a contrast is measured on one prompt or more');
  return usablePrompts(prompts, (prompt) =>
    sidePrompts(tokenizer, contrast, prompt, { seed, maximumTokens }),
  );
}

async function sample(
  model: Model,
  { contrast, sampling, seed }: ContrastInput,
  asked: readonly Asked[],
  hooks: Hooks,
): Promise<{ readonly responses: Int32Array[]; readonly rate: number }> {
  const sizes = batchSizes(model);
  const generator = await Generator.open({
    model,
    promptForm: contrast.promptForm,
    ...sampling,
    bannedTokens: tokensContaining(model.tokenizer, sampling.bannedTexts),
    seed,
    maximumTime: model.architecture.maximumPositions,
    referenceTemperature: 1,
    withReference: false,
    sampleRows: Math.min(sizes.sampleRows, asked.length),
    scoreRows: sizes.scoreRows,
    onDrawn: ({ answers, share }) =>
      hooks.progress(SAMPLING * share * answers, answers, 'answers', `${answers} answers are drawn`),
  });
  try {
    const since = performance.now();
    const generations = await generator.generate(asked, hooks.signal);
    const responses = generations.map(({ sequence }) => responseOf(sequence));
    hooks.progress(SAMPLING * asked.length, asked.length, 'answers', `${asked.length} answers are read`);
    return { responses, rate: perSecond(responses, since) };
  } finally {
    await generator.close();
  }
}

/** Nats by which each response is likelier behind the prompt that it was sampled from than behind the opposite one. */
async function readBothWays(
  model: Model,
  asked: readonly Asked[],
  responses: readonly Int32Array[],
  hooks: Hooks,
): Promise<{ readonly nats: number[]; readonly rate: number }> {
  const reference = await ReferenceModel.open(model, {
    scoring: 'tokens',
    maximumTime: model.architecture.maximumPositions,
    microbatchRows: batchSizes(model).scoreRows,
  });
  try {
    const sequences = asked.flatMap(({ promptTokens, opposite }, index) =>
      [promptTokens, opposite].map((prompt) => sequenceOf(prompt, responses[index] ?? [])),
    );
    const since = performance.now();
    const totals = await totalNats(
      sequences,
      (some, signal) => reference.logProbabilities(some, signal),
      hooks.signal,
    );
    const total = (place: number) => totals[place] ?? Number.NaN;
    hooks.progress(asked.length, asked.length, 'answers', `${asked.length} answers read behind both prompts`);
    return {
      nats: asked.map((_, index) => total(2 * index) - total(2 * index + 1)),
      rate: perSecond(
        sequences.map(({ tokens }) => tokens),
        since,
      ),
    };
  } finally {
    await reference.close();
  }
}

function describe(
  { tokenizer }: Model,
  { contrast: { promptForm }, sampling }: ContrastInput,
  { promptTokens }: Asked,
  tokens: Int32Array,
): Omit<ContrastAnswer, 'nats'> {
  const response = sampledResponse(tokenizer, promptTokens, tokens);
  const kept = filtered(promptForm, response);
  const ended =
    tokenizer.eosTokens.includes(tokens.at(-1) ?? -1) ||
    (promptForm === 'dialogue' && response.text.includes(NEXT_TURN));
  return {
    text: kept.accepted ? kept.response : response.text,
    tokens: tokens.length,
    refused: kept.accepted ? null : kept.reason,
    truncated: tokens.length >= sampling.maximumNewTokens && !ended,
  };
}

const perSecond = (rows: readonly Int32Array[], since: number) =>
  (1000 * rows.reduce((sum, { length }) => sum + length, 0)) / (performance.now() - since);
