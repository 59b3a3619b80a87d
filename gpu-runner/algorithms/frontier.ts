/** The frontier: an adapter at several strengths answers the same prompts as the base, and judges compare each answer with the base's. */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { frontierLine } from '../../shared/api/tasks/frontier.ts';
import { completionLine } from '../../shared/api/tasks/generate.ts';
import type { TaskParameters, TaskResult } from '../../shared/api/tasks/kinds.ts';
import { bootstrapMean } from '../../shared/statistics/bootstrap.ts';
import { mean } from '../../shared/statistics/summary.ts';
import { winRate } from '../../shared/statistics/win-rate.ts';
import { atStrength } from '../llama/model/adapter-strength.ts';
import type { AdapterLayout } from '../llama/model/lora-layout.ts';
import type { Tokenizer } from '../llama/tokenizer/tokenizer.ts';
import { AlgorithmInputError } from './algorithm-error.ts';
import { encodeProgress, startOf, workOf } from './checkpoint.ts';
import { completionOf, generationPrompts } from './completion.ts';
import { describeCompletions } from './describe-completions.ts';
import type { GenerateGroups, Generation } from './generation.ts';
import { askJudges, verdictsByJudge } from './judge/ask-judges.ts';
import type { PairJudge, PairVerdict } from './judge/pair-judge.ts';
import { lengthControlled, unparsableOf, usageOf } from './judge/verdict-figures.ts';
import type { PromptRow } from './prompt.ts';
import { ResponseReader } from './response-text.ts';
import type { RunHooks } from './run-hooks.ts';
import { streamOf } from './streams.ts';

type FrontierLine = z.infer<typeof frontierLine>;
type Point = TaskResult<'frontier'>['points'][number];

/** A response, and its log-probability under what sampled it less that under the base. */
const answer = completionLine.extend({ nats: z.number() });
type Answer = z.infer<typeof answer>;

/** By prompt, then by strength, the base first; what judges said of the answers of all strengths, those of one together. */
const stateSchema = z.strictObject({ answers: z.array(z.array(answer)), verdicts: verdictsByJudge });

export type FrontierSettings = Pick<
  TaskParameters<'frontier'>,
  'strengths' | 'promptForm' | 'responseOpening' | 'maximumNewTokens' | 'temperature'
> & {
  readonly contextLength: number;
  /** Responses per engine run, and engine runs between checkpoints; neither changes the result. */
  readonly batchSize: number;
  readonly checkpointEvery: number;
};

interface FrontierEngine {
  readonly tokenizer: Tokenizer;
  /** Samples with as many adapters as there are strengths, and the base; reference at the temperature that samples. */
  readonly generate: GenerateGroups;
  readonly judges: readonly PairJudge[];
}

/** How much of the work the answers are: they are judged after that. */
export const SAMPLED_PART = 0.7;

/** Adapters that sample side by side: the base, which is strength 0, and every strength. */
export const groupsOf = (strengths: readonly number[]): number => strengths.length + 1;

/**
 * A point for each strength. All strengths draw an answer from the same random numbers, so that a strength that changes
 * nothing answers as the base does, which is a tie.
 *
 * @param resume bytes of an earlier checkpoint of the same input, or null
 * @throws AlgorithmInputError for fewer than two prompts of use
 */
export async function measureFrontier(
  prompts: readonly PromptRow[],
  adapter: { readonly layout: AdapterLayout; readonly vector: Float32Array },
  settings: FrontierSettings,
  engine: FrontierEngine,
  hooks: RunHooks,
  resume: Uint8Array | null,
): Promise<{ readonly lines: FrontierLine[]; readonly result: TaskResult<'frontier'> }> {
  const { batchSize, checkpointEvery, ...parameters } = settings;
  const { strengths } = settings;
  const { tokenizer, judges } = engine;
  const { usable: inputs, leftOut } = generationPrompts(prompts, settings, tokenizer);
  const total = inputs.length;
  if (total < 2) {
    throw new AlgorithmInputError(`a frontier needs two prompts, got ${total}: give the test split prompts`);
  }
  const work = workOf('frontier', 'prompts', inputs, {
    ...parameters,
    adapter: createHash('sha256').update(adapter.vector).digest('hex'),
    judges: judges.map(({ name }) => name),
    orders: judges.map(({ orders }) => orders),
  });
  const start = await startOf(work, resume, stateSchema, { answers: [], verdicts: [] });
  const { answers, verdicts } = start.state;
  let { step } = start;
  const save = async () => {
    await hooks.checkpoint(step, await encodeProgress(work, step, { answers, verdicts }));
  };
  const vectors = adaptersAt(adapter, strengths);
  const reader = new ResponseReader(tokenizer, settings.promptForm);
  hooks.progress(SAMPLED_PART * answers.length, total, 'prompts');
  const promptsPerRun = Math.max(1, Math.floor(batchSize / groupsOf(strengths)));
  while (answers.length < total) {
    hooks.signal.throwIfAborted();
    const batch = inputs.slice(answers.length, answers.length + promptsPerRun);
    const requests = batch.map(({ row, tokens: promptTokens }) => ({
      promptTokens,
      stream: streamOf('frontier', row),
    }));
    const groups = Array.from({ length: groupsOf(strengths) }, () => requests);
    const generated = await engine.generate(vectors, groups, hooks.signal);
    for (const [place, prompt] of batch.entries()) {
      answers.push(generated.map((group) => answerOf(reader, prompt, group[place])));
    }
    hooks.progress(SAMPLED_PART * answers.length, total, 'prompts');
    step += 1;
    if (step % checkpointEvery === 0 && answers.length < total) await save();
  }
  const base = groupOf(answers, 0);
  const byStrength = strengths.map((_, place) => groupOf(answers, place + 1));
  await askJudges(
    judges,
    byStrength.flatMap((own) => pairsOf(own, base)),
    verdicts,
    {
      signal: hooks.signal,
      told: (done, all) =>
        hooks.progress(total * (SAMPLED_PART + (1 - SAMPLED_PART) * (done / all)), total, 'prompts'),
      save: async () => {
        step += 1;
        await save();
      },
    },
  );
  const measured = strengths.map((strength, place) => {
    const said = judges.map((judge, index) => {
      const own = verdicts[index]?.slice(place * total, (place + 1) * total) ?? [];
      return { judge, verdicts: own };
    });
    return { strength, answers: byStrength[place] ?? [], said };
  });
  const { tokens, endedShare, distinct2 } = describeCompletions(base);
  return {
    lines: measured.flatMap(linesOf),
    result: {
      n: total,
      ...(leftOut && { leftOut }),
      base: { tokens, endedShare, distinct2 },
      points: measured.map((one) => pointOf(one, base, distinct2)),
    },
  };
}

/** Vectors of the base and of every strength, [groups, numbers of one adapter]. */
function adaptersAt(
  { layout, vector }: { readonly layout: AdapterLayout; readonly vector: Float32Array },
  strengths: readonly number[],
): Float32Array {
  const vectors = new Float32Array(groupsOf(strengths) * layout.length);
  for (const [place, strength] of strengths.entries()) {
    vectors.set(atStrength(layout, vector, strength), (place + 1) * layout.length);
  }
  return vectors;
}

function answerOf(reader: ResponseReader, prompt: PromptRow, generation: Generation | undefined): Answer {
  if (generation === undefined) throw new AlgorithmInputError(`the sampler left out prompt ${prompt.id}`);
  const { logProbabilities, referenceLogProbabilities } = generation;
  const nats = logProbabilities.reduce(
    (sum, value, token) => sum + value - (referenceLogProbabilities[token] ?? Number.NaN),
    0,
  );
  return { ...completionOf(prompt, generation, reader.read(generation.sequence)), nats };
}

/** The answers of one adapter, by prompt. */
const groupOf = (answers: readonly (readonly Answer[])[], group: number): Answer[] =>
  answers.flatMap((ofPrompt) => ofPrompt[group] ?? []);

function pairsOf(own: readonly Answer[], base: readonly Answer[]) {
  return own.map((one, place) => {
    const other = base[place];
    return {
      promptId: one.promptId,
      prompt: one.prompt,
      first: one.completion,
      second: other?.completion ?? '',
      ended: { first: one.ended, second: other?.ended ?? false },
    };
  });
}

interface Measured {
  readonly strength: number;
  readonly answers: readonly Answer[];
  readonly said: readonly { readonly judge: PairJudge; readonly verdicts: readonly PairVerdict[] }[];
}

function linesOf({ strength, answers, said }: Measured): FrontierLine[] {
  return answers.flatMap(({ promptId, nats, tokens }, place) =>
    said.map(({ judge, verdicts }) => {
      const { share } = verdicts[place] ?? {};
      if (share === undefined) throw new AlgorithmInputError(`${judge.name} left out prompt ${promptId}`);
      return { strength, promptId, nats, tokens, judge: judge.name, share };
    }),
  );
}

/** Resamples of an interval are drawn by this seed. */
const INTERVAL_SEED = 1;

function pointOf(
  { strength, answers, said }: Measured,
  base: readonly Answer[],
  baseDistinct2: number,
): Point {
  const nats = answers.map((one) => one.nats);
  const { lower, upper, confidence } = bootstrapMean(nats, { seed: INTERVAL_SEED });
  const { tokens, endedShare, distinct2 } = describeCompletions(answers);
  const lengthGaps = answers.map((one, place) => one.tokens - (base[place]?.tokens ?? 0));
  return {
    strength,
    kl: mean(nats),
    klInterval: { lower, upper, confidence },
    tokens,
    endedShare,
    // Responses of one word each have no pairs of words: there is no variety to lose.
    distinct2: baseDistinct2 === 0 ? 1 : distinct2 / baseDistinct2,
    verdicts: said.map(({ judge, verdicts }) => {
      const shares = verdicts.map(({ share }) => share);
      const { rate, interval } = winRate(shares);
      const { calls, cost } = usageOf(judge, verdicts);
      return {
        judge: judge.name,
        winRate: rate,
        interval,
        lengthControlled: lengthControlled(shares, lengthGaps),
        unparsable: unparsableOf(verdicts),
        calls,
        cost,
      };
    }),
  };
}
