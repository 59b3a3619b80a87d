/** The simulate task: prompts of a shard become preference pairs. */
import { z } from 'zod';
import { hasAffixes, preferencePairLine } from '../../shared/api/tasks/simulate.ts';
import { tokensContaining } from '../algorithms/generator.ts';
import { shardRows } from '../algorithms/prompt.ts';
import { ReferenceModel } from '../algorithms/reference-model.ts';
import { sampledResponses } from '../algorithms/simulate/responses.ts';
import {
  simulate,
  type SimulationInput,
  type SimulationOutcome,
  type SimulationPrompt,
} from '../algorithms/simulate/simulate.ts';
import { indexOfStream } from '../algorithms/streams.ts';
import { withTokenLikelihoods } from '../algorithms/simulate/token-likelihoods.ts';
import { dropWeakContrasts } from '../algorithms/simulate/weak-contrasts.ts';
import type { TokenLogProbabilities } from '../algorithms/total-nats.ts';
import { batchSizes } from '../../shared/planner/batch-sizes.ts';
import { decodeLines, encodeLines, JSON_LINES } from './json-lines.ts';
import { taskPrompts } from './prompts.ts';
import { partOf, readingProgress, samplingProgress } from './sampling-progress.ts';
import { inputBytes, TaskInputError, type TaskContext, type TaskRun } from './task-context.ts';
import { openTaskGenerator } from './task-generator.ts';

/** How much of a stage that measures contrast its answers are: reading each behind both prompts takes the rest. */
const SAMPLED_PART = 0.5;
/** Texts that the contrast of a pair is read from: both answers behind both prompts. */
const CONTRAST_READS = 4;

/** What a task simulates from. @throws TaskInputError if it names no principle or no prompt */
export async function simulationInput(
  context: Pick<TaskContext<'simulate'>, 'task' | 'artifacts'>,
): Promise<SimulationInput> {
  const { parameters, principle, seed, shard, id } = context.task;
  if (principle === null && hasAffixes(parameters.sides)) {
    throw new TaskInputError(`task ${id} names no principle`);
  }
  if (parameters.sides === 'weaker') {
    return { affixPairs: [], prompts: await begunByStronger(context), seed };
  }
  const once = await taskPrompts(context, parameters.promptLimit);
  // Repetitions are rows of their own: each draws its affix pair and its samples by its place.
  const repeated = Array.from({ length: parameters.pairsPerPrompt }, () => once).flat();
  return { affixPairs: principle?.affixPairs ?? [], prompts: shardRows(repeated, shard), seed };
}

const streamNumber = z.int().nonnegative();

/** The prompts of the pairs that a stronger model began, in their order, with its answers. */
async function begunByStronger({
  task,
  artifacts,
}: Pick<TaskContext<'simulate'>, 'task' | 'artifacts'>): Promise<SimulationPrompt[]> {
  const bytes = await inputBytes({ task, artifacts }, 'stronger');
  const { responseOpening, maximumTries } = task.parameters;
  const opening = responseOpening === '' ? '' : ` ${responseOpening}`;
  return decodeLines(bytes, preferencePairLine, 'stronger').map(
    ({ promptId: id, prompt, chosen, provenance }) => ({
      id,
      // As it was before the simulation put the opening behind it.
      text: prompt.endsWith(opening) ? prompt.slice(0, prompt.length - opening.length) : prompt,
      // Its place in the split, whatever was dropped and however many shards there are: the answer depends on it.
      row: Math.floor(
        indexOfStream(streamNumber.parse(provenance?.chosen?.['generatorStream'])) / maximumTries,
      ),
      stronger: { chosen, provenance },
    }),
  );
}

export const runSimulate: TaskRun<'simulate'> = async (context) => {
  const { task, model, artifacts, resume } = context;
  const { parameters } = task;
  const input = await simulationInput(context);
  const { tokenizer, architecture } = model;
  const sizes = batchSizes(model);
  const contextLength = architecture.maximumPositions;
  const measures = parameters.leastContrast !== undefined;
  const { hooks, onDrawn } = samplingProgress(
    measures ? partOf(context.hooks, SAMPLED_PART) : context.hooks,
    (answers) => answers,
  );
  const generator = await openTaskGenerator(context, {
    onDrawn,
    bannedTokens: tokensContaining(tokenizer, parameters.bannedTexts),
    maximumTime: contextLength,
    withReference: false,
  });
  try {
    const simulated = await simulate(
      input,
      { ...parameters, contextLength, batchSize: sizes.sampleRows, checkpointEvery: sizes.checkpointEvery },
      sampledResponses(
        tokenizer,
        (requests, signal) => generator.generate(requests, signal),
        contextLength - parameters.maximumNewTokens,
      ),
      hooks,
      resume,
    );
    const { pairs, result } = hasAffixes(parameters.sides) ? await read(context, simulated) : simulated;
    const sha256 = await artifacts.put({
      kind: 'preference-dataset',
      mediaType: JSON_LINES,
      bytes: encodeLines(pairs),
    });
    return { outputs: [{ name: 'pairs', sha256 }], result };
  } finally {
    await generator.close();
  }
};

/** The pairs that contrast enough, the first of them with what the affixes did to each token. */
async function read({ task, model, hooks }: TaskContext<'simulate'>, simulated: SimulationOutcome) {
  const { promptForm, leastContrast } = task.parameters;
  const { tokenizer } = model;
  const contextLength = model.architecture.maximumPositions;
  const reference = await ReferenceModel.open(model, {
    scoring: 'tokens',
    maximumTime: contextLength,
    microbatchRows: batchSizes(model).scoreRows,
  });
  const measures = leastContrast !== undefined;
  const known = readingProgress(hooks, measures ? SAMPLED_PART : 1, {
    answers: 2 * simulated.pairs.length,
    texts: CONTRAST_READS * simulated.pairs.length,
  });
  const score: TokenLogProbabilities = async (sequences, signal) => {
    const rows = await reference.logProbabilities(sequences, signal);
    known(sequences.length);
    return rows;
  };
  try {
    const settings = { promptForm, contextLength };
    const outcome =
      leastContrast === undefined
        ? simulated
        : await dropWeakContrasts(simulated, { ...settings, leastContrast }, tokenizer, score, hooks.signal);
    const pairs = await withTokenLikelihoods(outcome, settings, tokenizer, score, hooks.signal);
    return { pairs, result: outcome.result };
  } finally {
    await reference.close();
  }
}
