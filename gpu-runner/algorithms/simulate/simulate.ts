/** Simulation: contrast two prompts, sample both sides, keep what passes the filter (paper, section 3). */
import { z } from 'zod';
import type { preferencePairLine } from '../../../shared/api/tasks/simulate.ts';
import type { TaskParameters, TaskResult } from '../../../shared/api/tasks/kinds.ts';
import { hasAffixes } from '../../../shared/api/tasks/simulate.ts';
import { affixPairIndex, contrastPrompts } from '../../../shared/dialogue/contrast-prompts.ts';
import type { AffixPair } from '../../../shared/principles/principle.ts';
import { AlgorithmInputError } from '../algorithm-error.ts';
import { encodeProgress, startOf, workOf } from '../checkpoint.ts';
import type { PromptRow } from '../prompt.ts';
import type { RunHooks } from '../run-hooks.ts';
import { streamOf } from '../streams.ts';
import { filtered, type ResponseSource } from './responses.ts';
import { usablePrompts, type UsablePrompts } from '../usable-prompts.ts';
import { describePairs, type Accepted, type AcceptedPair, type Side } from './simulation-report.ts';

export type SimulationSettings = Pick<
  TaskParameters<'simulate'>,
  'promptForm' | 'placement' | 'responseOpening' | 'sides' | 'maximumTries' | 'maximumNewTokens'
> & {
  /** Longest text of the model, prompt and response together. */
  readonly contextLength: number;
  /** Responses per engine run, and engine runs between checkpoints; neither changes the result. */
  readonly batchSize: number;
  readonly checkpointEvery: number;
};

type PairLine = z.infer<typeof preferencePairLine>;

/** A prompt, and where a stronger model has answered it, how. */
export interface SimulationPrompt extends PromptRow {
  readonly stronger?: Pick<PairLine, 'chosen' | 'provenance'>;
}

export interface SimulationInput {
  readonly affixPairs: readonly Pick<AffixPair, 'positive' | 'negative'>[];
  readonly prompts: readonly SimulationPrompt[];
  readonly seed: number;
}

const BOTH = ['chosen', 'rejected'] as const;
/** Sides that are sampled. */
const SAMPLED: Readonly<Record<SimulationSettings['sides'], readonly Side[]>> = {
  contrast: BOTH,
  plain: BOTH,
  'two-positive': BOTH,
  positive: ['chosen'],
  stronger: ['chosen'],
  weaker: ['rejected'],
};

/** What the two sides of a pair were sampled from. */
export interface SidePrompts {
  readonly chosen: string;
  readonly rejected: string;
}

export interface SimulationOutcome {
  readonly pairs: PairLine[];
  /** of the pairs, in their order */
  readonly sidePrompts: readonly SidePrompts[];
  readonly accepted: readonly AcceptedPair[];
  readonly result: TaskResult<'simulate'>;
}

const side = z.enum(['chosen', 'rejected']);
const accepted = z.record(
  z.string(),
  z.strictObject({
    response: z.string(),
    tries: z.int().positive(),
    stream: z.int().nonnegative(),
    tokens: z.int().nonnegative(),
  }),
);
const rejections = z.record(z.string(), z.int().positive());
const stateSchema = z.strictObject({
  queue: z.array(z.strictObject({ prompt: z.int().nonnegative(), side, attempt: z.int().positive() })),
  accepted: z.strictObject({ chosen: accepted, rejected: accepted }),
  rejections: z.strictObject({ chosen: rejections, rejected: rejections }),
});
type State = z.infer<typeof stateSchema>;
type Job = State['queue'][number];

/**
 * One pair per prompt whose sides all pass. A response depends on (seed, row, side, try) alone, so batches, shards and
 * resumption change nothing.
 *
 * @param resume bytes of an earlier checkpoint of the same input, or null
 * @throws AlgorithmInputError if there is nothing to contrast, a prompt does not fit the context, no pair came out, or the
 *   filter refuses nearly all of the first answers
 */
export async function simulate(
  input: SimulationInput,
  settings: SimulationSettings,
  source: ResponseSource,
  hooks: RunHooks,
  resume: Uint8Array | null,
): Promise<SimulationOutcome> {
  if (input.prompts.length === 0) {
    throw new AlgorithmInputError('this shard has no prompt: use fewer shards than prompts');
  }
  const sides = SAMPLED[settings.sides];
  // Every prompt before the first is answered.
  const { usable, leftOut } = usablePrompts(input.prompts, (prompt) => {
    const text = promptTexts(input, settings, prompt);
    for (const each of sides) source.check(prompt.id, text[each]);
    return { prompt, text };
  });
  const { batchSize, checkpointEvery, ...parameters } = settings;
  const work = workOf('simulate', 'prompts', input.prompts, {
    ...parameters,
    affixPairs: input.affixPairs,
    seed: input.seed,
  });
  const { state, step } = await startOf(work, resume, stateSchema, firstState(usable.length, sides));
  const total = usable.length * sides.length;
  let answered = answersOf(state);
  hooks.progress(total - state.queue.length, total, 'responses');
  for (let run = step; state.queue.length > 0; run++) {
    hooks.signal.throwIfAborted();
    const jobs = state.queue.splice(0, batchSize);
    const requests = jobs.map((job) => {
      const row = usable[job.prompt]?.prompt.row ?? 0;
      const stream = streamOf(`simulate-${job.side}`, row * settings.maximumTries + job.attempt - 1);
      return { prompt: usable[job.prompt]?.text[job.side] ?? '', stream };
    });
    const responses = await source.respond(requests, hooks.signal);
    for (const [index, job] of jobs.entries()) {
      const [request, response] = [requests[index], responses[index]];
      if (request === undefined || response === undefined) {
        throw new AlgorithmInputError(`the model answered ${responses.length} of ${jobs.length} requests`);
      }
      settle(state, job, filtered(settings.promptForm, response), {
        stream: request.stream,
        tokens: response.tokens,
        maximumTries: settings.maximumTries,
      });
      answered += 1;
      if (answered === LOOK) refuseHopeless(state);
    }
    hooks.progress(total - state.queue.length, total, 'responses');
    if ((run + 1) % checkpointEvery === 0) {
      await hooks.checkpoint(run + 1, await encodeProgress(work, run + 1, state));
    }
  }
  return collect(state, { usable, leftOut }, input.prompts.length, settings);
}

/** The prompts of both sides, the plain one, and which affix pair made them. */
interface PromptTexts {
  readonly plain: string;
  readonly chosen: string;
  readonly rejected: string;
  readonly affixPair: number | null;
}

function promptTexts(input: SimulationInput, settings: SimulationSettings, prompt: PromptRow): PromptTexts {
  const { promptForm: form, placement, responseOpening, sides } = settings;
  if (!hasAffixes(sides)) {
    const nothing = { positive: '', negative: '' };
    const { plain } = contrastPrompts({ form, responseOpening }, nothing, prompt.text);
    return { plain, chosen: plain, rejected: plain, affixPair: null };
  }
  if (input.affixPairs.length === 0) {
    throw new AlgorithmInputError(
      'the principle has no affix pair: give at least one positive and negative affix',
    );
  }
  const affixPair = affixPairIndex(input.affixPairs.length, input.seed, prompt.row);
  const pair = input.affixPairs[affixPair];
  if (pair === undefined) throw new AlgorithmInputError(`the principle has no affix pair ${affixPair}`);
  const { plain, positive, negative } = contrastPrompts(
    { form, responseOpening, placement },
    pair,
    prompt.text,
  );
  return { plain, chosen: positive, rejected: negative, affixPair };
}

function firstState(prompts: number, sides: readonly Side[]): State {
  const queue = Array.from({ length: prompts }, (_, prompt) =>
    sides.map((name) => ({ prompt, side: name, attempt: 1 })),
  );
  return {
    queue: queue.flat(),
    accepted: { chosen: {}, rejected: {} },
    rejections: { chosen: {}, rejected: {} },
  };
}

/** Keeps a response that passed, or queues its next try. */
function settle(
  state: State,
  job: Job,
  answer: ReturnType<typeof filtered>,
  { stream, tokens, maximumTries }: { stream: number; tokens: number; maximumTries: number },
): void {
  if (answer.accepted) {
    state.accepted[job.side][job.prompt] = { response: answer.response, tries: job.attempt, stream, tokens };
    return;
  }
  const counts = state.rejections[job.side];
  counts[answer.reason] = (counts[answer.reason] ?? 0) + 1;
  if (job.attempt < maximumTries) state.queue.push({ ...job, attempt: job.attempt + 1 });
}

/** After so many answers, a share of them that passed the filter below which nothing will come of the rest. */
const LOOK = 256;
const HOPELESS_SHARE = 0.05;

/**
 * Ends a run whose answers are refused one by one, before it has spent its hours on them. Looks once, after the same answer
 * whatever the batches.
 */
function refuseHopeless({ accepted, rejections }: State): void {
  const reasons: Record<string, number> = {};
  for (const [reason, count] of [rejections.chosen, rejections.rejected].flatMap((side) =>
    Object.entries(side),
  )) {
    reasons[reason] = (reasons[reason] ?? 0) + count;
  }
  const refused = Object.values(reasons).reduce((sum, count) => sum + count, 0);
  if (keptOf({ accepted }) >= LOOK * HOPELESS_SHARE) return;
  throw new AlgorithmInputError(
    `the filter refused ${refused} of the first ${LOOK} answers (${JSON.stringify(reasons)}), so that the rest would hardly ` +
      'give pairs: simulate.maximumNewTokens may be too few for a whole sentence, or the model does not speak in the form of ' +
      'the principle (dialogues want a model that knows them, best one with a chat template)',
  );
}

function keptOf({ accepted }: Pick<State, 'accepted'>): number {
  return Object.keys(accepted.chosen).length + Object.keys(accepted.rejected).length;
}

/** Answers until now, those before a resumption among them. */
function answersOf({ accepted, rejections }: State): number {
  const refused = [rejections.chosen, rejections.rejected].flatMap((side) => Object.values(side));
  return keptOf({ accepted }) + refused.reduce((sum, count) => sum + count, 0);
}

function collect(
  state: State,
  { usable, leftOut }: UsablePrompts<{ readonly prompt: SimulationPrompt; readonly text: PromptTexts }>,
  prompts: number,
  { sides }: SimulationSettings,
): SimulationOutcome {
  const dropped: Record<string, number> = { ...leftOut };
  const kept = usable.flatMap(({ prompt, text }, index) => {
    const chosen = state.accepted.chosen[index];
    const rejected = state.accepted.rejected[index];
    const pair = { chosen: chosen?.response ?? prompt.stronger?.chosen, rejected: rejected?.response };
    const reason = dropReason(pair, sides);
    if (reason === null) return [{ prompt, text, pair, chosen, rejected }];
    dropped[reason] = (dropped[reason] ?? 0) + 1;
    return [];
  });
  if (kept.length === 0) {
    throw new AlgorithmInputError(
      `none of ${prompts} prompts gave a pair (${JSON.stringify({ dropped, rejected: state.rejections })}): ` +
        'allow more new tokens, or use a model that ends its responses',
    );
  }
  return {
    pairs: kept.map(({ prompt, text, pair, chosen, rejected }) => ({
      promptId: prompt.id,
      prompt: text.plain,
      chosen: pair.chosen ?? '',
      rejected: pair.rejected ?? '',
      labelProbability: 1,
      affixPair: text.affixPair,
      provenance: {
        ...prompt.stronger?.provenance,
        ...(chosen && { chosen: provenance(chosen) }),
        ...(rejected && { rejected: provenance(rejected) }),
      },
    })),
    sidePrompts: kept.map(({ text: { chosen, rejected } }) => ({ chosen, rejected })),
    accepted: kept.map(({ chosen, rejected }) => ({ chosen, rejected })),
    result: { prompts, dropped, rejected: state.rejections, ...describePairs(kept) },
  };
}

function dropReason(
  { chosen, rejected }: { readonly chosen: string | undefined; readonly rejected: string | undefined },
  sides: SimulationSettings['sides'],
): string | null {
  if (chosen === undefined) return 'chosen-failed';
  if (!SAMPLED[sides].includes('rejected')) return null;
  if (rejected === undefined) return 'rejected-failed';
  return chosen === rejected ? 'identical-sides' : null;
}

const provenance = ({ tries, stream, tokens }: Accepted) => ({ tries, generatorStream: stream, tokens });
