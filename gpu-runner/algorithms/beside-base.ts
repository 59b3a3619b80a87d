/** Several adapters answer the same prompts as the base, and judges compare each answer with the base's. */
import { z } from 'zod';
import type {
  besideBaseLine,
  besideBasePoint,
  besideBaseResult,
} from '../../shared/api/tasks/beside-base.ts';
import { completionLine } from '../../shared/api/tasks/generate.ts';
import type { TaskParameters } from '../../shared/api/tasks/kinds.ts';
import { bootstrapMean } from '../../shared/statistics/bootstrap.ts';
import { mean } from '../../shared/statistics/summary.ts';
import { winRate } from '../../shared/statistics/win-rate.ts';
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
import { streamOf, type StreamPurpose } from './streams.ts';

type Shape<Fields extends z.ZodRawShape> = z.output<z.ZodObject<Fields>>;
type Line = Shape<typeof besideBaseLine>;
type Point = Shape<typeof besideBasePoint>;

/** A response, and its log-probability under what sampled it less that under the base. */
const answer = completionLine.extend({ nats: z.number() });
type Answer = z.infer<typeof answer>;

/** By prompt, then by adapter, the base first; what judges said of the answers of all adapters, those of one together. */
const stateSchema = z.strictObject({ answers: z.array(z.array(answer)), verdicts: verdictsByJudge });

export type BesideBaseSettings = Pick<
  TaskParameters<'frontier'>,
  'promptForm' | 'responseOpening' | 'maximumNewTokens' | 'temperature'
> & {
  readonly contextLength: number;
  /** Responses per engine run, and engine runs between checkpoints; neither changes the result. */
  readonly batchSize: number;
  readonly checkpointEvery: number;
};

export interface BesideBaseEngine {
  readonly tokenizer: Tokenizer;
  /** Samples with the base and every adapter; reference at the temperature that samples. */
  readonly generate: GenerateGroups;
  readonly judges: readonly PairJudge[];
}

/** How much of the work the answers are: they are judged after that. */
export const SAMPLED_PART = 0.7;

/** What goes beside the base. */
export interface Adapters<Name> {
  /** Whose work it is: it draws from streams of its own, and resumes no other's. */
  readonly purpose: StreamPurpose & ('frontier' | 'trajectory');
  /** What tells each from the others, in the order in which they are told of. */
  readonly names: readonly Name[];
  /** Their numbers one after another, [names, numbers of one adapter]. */
  readonly vectors: Float32Array;
  /** What decides those numbers; of the same, a checkpoint goes on. */
  readonly identity: Readonly<Record<string, unknown>>;
}

interface Measured<Name> {
  readonly lines: readonly (Name & Line)[];
  readonly result: Shape<typeof besideBaseResult> & { readonly points: (Name & Point)[] };
}

/**
 * A point for each adapter. All draw an answer from the same random numbers, so that one that changes nothing answers as the
 * base does, which is a tie.
 *
 * @param resume bytes of an earlier checkpoint of the same input, or null
 * @throws AlgorithmInputError for fewer than two prompts of use
 */
export async function measureBesideBase<Name extends object>(
  prompts: readonly PromptRow[],
  { purpose, names, vectors: own, identity }: Adapters<Name>,
  settings: BesideBaseSettings,
  { tokenizer, generate, judges }: BesideBaseEngine,
  hooks: RunHooks,
  resume: Uint8Array | null,
): Promise<Measured<Name>> {
  const { batchSize, checkpointEvery, ...parameters } = settings;
  const { usable: inputs, leftOut } = generationPrompts(prompts, settings, tokenizer);
  const total = inputs.length;
  if (total < 2) {
    throw new AlgorithmInputError(`a ${purpose} needs two prompts, got ${total}: give its split prompts`);
  }
  const work = workOf(purpose, 'prompts', inputs, {
    ...parameters,
    ...identity,
    judges: judges.map(({ name }) => name),
    orders: judges.map(({ orders }) => orders),
  });
  const start = await startOf(work, resume, stateSchema, { answers: [], verdicts: [] });
  const { answers, verdicts } = start.state;
  let { step } = start;
  const save = async () => {
    await hooks.checkpoint(step, await encodeProgress(work, step, { answers, verdicts }));
  };
  // The base is an adapter of zeros.
  const vectors = new Float32Array(own.length + own.length / names.length);
  vectors.set(own, own.length / names.length);
  const groupCount = names.length + 1;
  const reader = new ResponseReader(tokenizer, settings.promptForm);
  hooks.progress(SAMPLED_PART * answers.length, total, 'prompts');
  const promptsPerRun = Math.max(1, Math.floor(batchSize / groupCount));
  while (answers.length < total) {
    hooks.signal.throwIfAborted();
    const batch = inputs.slice(answers.length, answers.length + promptsPerRun);
    const requests = batch.map(({ row, tokens: promptTokens }) => ({
      promptTokens,
      stream: streamOf(purpose, row),
    }));
    const groups = Array.from({ length: groupCount }, () => requests);
    const generated = await generate(vectors, groups, hooks.signal);
    for (const [place, prompt] of batch.entries()) {
      answers.push(generated.map((group) => answerOf(reader, prompt, group[place])));
    }
    hooks.progress(SAMPLED_PART * answers.length, total, 'prompts');
    step += 1;
    if (step % checkpointEvery === 0 && answers.length < total) await save();
  }
  const base = groupOf(answers, 0);
  const byAdapter = names.map((_, place) => groupOf(answers, place + 1));
  await askJudges(
    judges,
    byAdapter.flatMap((ofAdapter) => pairsOf(ofAdapter, base)),
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
  const measured = names.map((name, place) => {
    const said = judges.map((judge, index) => {
      return { judge, verdicts: verdicts[index]?.slice(place * total, (place + 1) * total) ?? [] };
    });
    return { name, answers: byAdapter[place] ?? [], said };
  });
  const { tokens, endedShare, distinct2 } = describeCompletions(base);
  return {
    lines: measured.flatMap(({ name, ...one }) => linesOf(one).map((line) => Object.assign({}, name, line))),
    result: {
      n: total,
      ...(leftOut && { leftOut }),
      base: { tokens, endedShare, distinct2 },
      points: measured.map(({ name, ...one }) => Object.assign({}, name, pointOf(one, base, distinct2))),
    },
  };
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

interface Judged {
  readonly answers: readonly Answer[];
  readonly said: readonly { readonly judge: PairJudge; readonly verdicts: readonly PairVerdict[] }[];
}

function linesOf({ answers, said }: Judged): Line[] {
  return answers.flatMap(({ promptId, nats, tokens }, place) =>
    said.map(({ judge, verdicts }) => {
      const { share } = verdicts[place] ?? {};
      if (share === undefined) throw new AlgorithmInputError(`${judge.name} left out prompt ${promptId}`);
      return { promptId, nats, tokens, judge: judge.name, share };
    }),
  );
}

/** Resamples of an interval are drawn by this seed. */
const INTERVAL_SEED = 1;

function pointOf({ answers, said }: Judged, base: readonly Answer[], baseDistinct2: number): Point {
  const nats = answers.map((one) => one.nats);
  const { lower, upper, confidence } = bootstrapMean(nats, { seed: INTERVAL_SEED });
  const { tokens, endedShare, distinct2 } = describeCompletions(answers);
  const lengthGaps = answers.map((one, place) => one.tokens - (base[place]?.tokens ?? 0));
  return {
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
