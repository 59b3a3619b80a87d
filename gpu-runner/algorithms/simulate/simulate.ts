/** Simulation: contrast two prompts, sample both sides, keep what passes the filter (paper, section 3). */
import { z } from 'zod';
import { affixPairIndex, contrastPrompts } from '../../../shared/dialogue/contrast-prompts.ts';
import { filterResponse } from '../../../shared/dialogue/filter-response.ts';
import type { Principle } from '../../../shared/principles/principle.ts';
import type { Tokenizer } from '../../llama/tokenizer.ts';
import { AlgorithmInputError } from '../algorithm-error.ts';
import { decodeCheckpoint, encodeCheckpoint } from '../checkpoint.ts';
import type { Generate, Generation } from '../generation.ts';
import type { PromptRow } from '../prompt.ts';
import { encodePrompt } from '../prompt-tokens.ts';
import type { RunHooks } from '../run-hooks.ts';
import { streamOf } from '../streams.ts';
import type { SimulatedPair, SimulationSide } from './simulated-pair.ts';
import { sideReport, type SimulationReport } from './simulation-report.ts';

export interface SimulationInput {
  readonly principle: Pick<Principle, 'form' | 'pairs' | 'responseOpening'>;
  readonly prompts: readonly PromptRow[];
  readonly seed: number;
}

export interface SimulationSettings {
  /** Tries per side before a prompt is dropped. */
  readonly maximumTries: number;
  /** Responses per engine run. */
  readonly batchSize: number;
  readonly maximumNewTokens: number;
  /** Longest text of the model, prompt and response together. */
  readonly contextLength: number;
  /** Engine runs between checkpoints. */
  readonly checkpointEvery: number;
}

export interface SimulationOutcome {
  readonly pairs: SimulatedPair[];
  readonly report: SimulationReport;
}

const SIDES = ['positive', 'negative'] as const;

const jobSchema = z.strictObject({
  prompt: z.int().nonnegative(),
  side: z.enum(SIDES),
  attempt: z.int().positive(),
});
const acceptedSchema = z.strictObject({
  response: z.string(),
  tries: z.int().positive(),
  stream: z.int().nonnegative(),
  tokens: z.int().nonnegative(),
});
const stateSchema = z.strictObject({
  prompts: z.int().positive(),
  queue: z.array(jobSchema),
  accepted: z.strictObject({
    positive: z.record(z.string(), acceptedSchema),
    negative: z.record(z.string(), acceptedSchema),
  }),
  rejections: z.strictObject({
    positive: z.record(z.string(), z.int()),
    negative: z.record(z.string(), z.int()),
  }),
});
type Job = z.infer<typeof jobSchema>;
type State = z.infer<typeof stateSchema>;

const ALGORITHM = 'simulate';
/** Text that the model's end token stands for, which the dialogue filter looks for. */
const END_MARK = '</s>';

/**
 * One pair per prompt whose two sides both pass. A response depends on (seed, row, side, try) alone, so batches,
 * shards and resumption change nothing.
 *
 * @param resume bytes of an earlier checkpoint of the same input, or null
 * @throws AlgorithmInputError if there is nothing to contrast or a prompt does not fit the context
 */
export async function simulate(
  input: SimulationInput,
  settings: SimulationSettings,
  tokenizer: Tokenizer,
  generate: Generate,
  hooks: RunHooks,
  resume: Uint8Array | null,
): Promise<SimulationOutcome> {
  const { principle, prompts, seed } = input;
  if (principle.pairs.length === 0) {
    throw new AlgorithmInputError(
      'the principle has no affix pair: give at least one positive and negative affix',
    );
  }
  if (prompts.length === 0)
    throw new AlgorithmInputError('this shard has no prompt: use fewer shards than prompts');
  const contrasts = prompts.map((prompt) => contrast(principle, prompt, seed));
  const tokensOf = (job: Job) =>
    encodePrompt(tokenizer, contrasts[job.prompt]?.[job.side] ?? '', {
      name: prompts[job.prompt]?.id ?? '',
      maximumTokens: settings.contextLength - settings.maximumNewTokens,
    });
  const total = prompts.length * SIDES.length;
  const { state, step } = await start(resume, prompts.length);
  // Every prompt is tokenised before the first is sampled: one that does not fit is told at once.
  for (const job of state.queue) tokensOf(job);
  for (let run = step; state.queue.length > 0; run++) {
    hooks.signal.throwIfAborted();
    const jobs = state.queue.splice(0, settings.batchSize);
    const requests = jobs.map((job) => ({
      promptTokens: tokensOf(job),
      stream: streamOfJob(job, prompts, settings),
    }));
    const generations = await generate(requests, hooks.signal);
    for (const [index, job] of jobs.entries()) {
      const generation = generations[index];
      const request = requests[index];
      if (generation === undefined || request === undefined) {
        throw new AlgorithmInputError(
          `the sampler answered ${generations.length} of ${jobs.length} requests`,
        );
      }
      settle(state, job, request, generation, { form: principle.form, tokenizer, settings });
    }
    hooks.progress(total - state.queue.length, total, 'responses');
    if ((run + 1) % settings.checkpointEvery === 0) {
      await hooks.checkpoint(
        run + 1,
        await encodeCheckpoint(ALGORITHM, { step: run + 1, state, tensors: new Map() }),
      );
    }
  }
  return collect(state, input, contrasts);
}

type Contrast = ReturnType<typeof contrastPrompts> & { readonly affixPair: number };

function contrast(principle: SimulationInput['principle'], prompt: PromptRow, seed: number): Contrast {
  const affixPair = affixPairIndex(principle.pairs.length, seed, prompt.row);
  const pair = principle.pairs[affixPair];
  if (pair === undefined) throw new AlgorithmInputError(`the principle has no affix pair ${affixPair}`);
  return { ...contrastPrompts(principle, pair, prompt.text), affixPair };
}

async function start(resume: Uint8Array | null, prompts: number): Promise<{ state: State; step: number }> {
  if (resume !== null) {
    const { state, step } = await decodeCheckpoint(ALGORITHM, resume, stateSchema, () => []);
    if (state.prompts !== prompts) {
      throw new AlgorithmInputError(
        `the checkpoint is of ${state.prompts} prompts, this shard has ${prompts}`,
      );
    }
    return { state, step };
  }
  const queue = Array.from({ length: prompts }, (_, prompt) =>
    SIDES.map((side) => ({ prompt, side, attempt: 1 })),
  ).flat();
  return {
    state: {
      prompts,
      queue,
      accepted: { positive: {}, negative: {} },
      rejections: { positive: {}, negative: {} },
    },
    step: 0,
  };
}

function streamOfJob(job: Job, prompts: readonly PromptRow[], settings: SimulationSettings): number {
  const row = prompts[job.prompt]?.row ?? 0;
  return streamOf(`simulate-${job.side}`, row * settings.maximumTries + job.attempt - 1);
}

interface Filter {
  readonly form: Principle['form'];
  readonly tokenizer: Tokenizer;
  readonly settings: SimulationSettings;
}

/** Keeps a response that passes the filter, or queues its next try. */
function settle(
  state: State,
  job: Job,
  request: { readonly promptTokens: Int32Array; readonly stream: number },
  generation: Generation,
  { form, tokenizer, settings }: Filter,
): void {
  const text = tokenizer.decodeAfter(request.promptTokens, generation.tokens);
  const ended = tokenizer.eosTokens.includes(generation.tokens.at(-1) ?? -1);
  const result = text.includes('\u{fffd}')
    ? ({ accepted: false, reason: 'broken-character' } as const)
    : filterResponse(form, ended ? text + END_MARK : text);
  if (result.accepted) {
    state.accepted[job.side][job.prompt] = {
      response: result.response,
      tries: job.attempt,
      stream: request.stream,
      tokens: generation.tokens.length,
    };
    return;
  }
  const counts = state.rejections[job.side];
  counts[result.reason] = (counts[result.reason] ?? 0) + 1;
  if (job.attempt < settings.maximumTries) state.queue.push({ ...job, attempt: job.attempt + 1 });
}

function collect(state: State, input: SimulationInput, contrasts: readonly Contrast[]): SimulationOutcome {
  const dropped = { 'positive-failed': 0, 'negative-failed': 0, 'identical-sides': 0 };
  const pairs: SimulatedPair[] = [];
  for (const [index, prompt] of input.prompts.entries()) {
    const positive = state.accepted.positive[index];
    const negative = state.accepted.negative[index];
    const made = contrasts[index];
    if (positive === undefined || made === undefined) dropped['positive-failed'] += 1;
    else if (negative === undefined) dropped['negative-failed'] += 1;
    else if (positive.response === negative.response) dropped['identical-sides'] += 1;
    else pairs.push(pairOf(prompt, made, positive, negative));
  }
  if (pairs.length === 0) {
    throw new AlgorithmInputError(
      `none of ${input.prompts.length} prompts gave a pair (${JSON.stringify({ dropped, rejections: state.rejections })}): ` +
        'allow more new tokens, or use a model that ends its responses',
    );
  }
  const side = (name: SimulationSide) => sideReport(pairs, name, state.rejections[name]);
  const [positive, negative] = [side('positive'), side('negative')];
  return {
    pairs,
    report: {
      prompts: input.prompts.length,
      pairs: pairs.length,
      dropped,
      positive,
      negative,
      meanWordGap: positive.words.mean - negative.words.mean,
    },
  };
}

type Accepted = z.infer<typeof acceptedSchema>;

function pairOf(prompt: PromptRow, made: Contrast, positive: Accepted, negative: Accepted): SimulatedPair {
  const provenance = ({ tries, stream, tokens }: Accepted) => ({ tries, generatorStream: stream, tokens });
  return {
    promptId: prompt.id,
    prompt: made.plain,
    chosen: positive.response,
    rejected: negative.response,
    labelProbability: 1,
    affixPair: made.affixPair,
    provenance: { positive: provenance(positive), negative: provenance(negative) },
  };
}
