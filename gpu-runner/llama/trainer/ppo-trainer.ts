/** PPO updates of policies and, where they have them, value models: adapter groups of one batch over one base. */
import { vocabularyBlock } from '../../../shared/planner/model-bytes.ts';
import type { Sequence } from '../model/sequence.ts';
import { Picks } from './batch.ts';
import { type Bundles, rowsOf, sideBySide } from './bundles.ts';
import { architectureOf } from './graphs.ts';
import { inOrder, inTurn } from './like-lengths.ts';
import type { Microbatch, StepOutcome, StepRunner } from './step-runner.ts';
import {
  assertGroups,
  meanFactors,
  openStep,
  pickFeeds,
  rowWeight,
  stepLimits,
  tokenFeeds,
  type TokenNumbers,
  Trainer,
  type TrainerOptions,
} from './trainer.ts';

/**
 * A rollout for one update: prompt and response as tokens, the response from `start` on. All arrays have one number per
 * response token; `weights` (default 1 each) mask tokens out.
 */
export interface PpoRow extends Sequence {
  readonly oldLogProbabilities: ArrayLike<number>;
  readonly advantages: ArrayLike<number>;
  readonly oldValues: ArrayLike<number>;
  readonly returns: ArrayLike<number>;
  readonly weights?: ArrayLike<number>;
}

type Groups = readonly (readonly PpoRow[])[];

export interface PpoOptions extends TrainerOptions {
  /** range of the ratio, 0.2 */
  readonly policyClip: number;
  /** Of the value models; null where advantages need none, and then no group of theirs is trained. */
  readonly value: {
    /** range of the value, 0.2 */
    readonly clip: number;
    /** weight of the value loss, 0.1 */
    readonly coefficient: number;
  } | null;
  /** the rollout's temperature: logits are divided by it here too */
  readonly temperature: number;
  /** neighbouring rollouts that answer one prompt, which is read once for them; 1 unless given */
  readonly siblings?: number;
}

/** What an update saw, before it changed anything: by policy, rollout and response token. */
export interface PpoStep {
  /** sum over policies of policy loss + value coefficient * value loss */
  readonly loss: number;
  readonly logProbabilities: TokenNumbers;
  readonly entropies: TokenNumbers;
  /** Null without value models. */
  readonly values: TokenNumbers | null;
  /** before clipping: policies first, then value models */
  readonly gradientNorms: Float32Array;
}

/**
 * Trains k policies and their k value models together: trained groups are [policy 1..k, value 1..k], rows come per
 * policy and go through both. All 2k adapters share the products of the one base. Without value models the groups are
 * the policies alone, whose numbers are the same.
 */
export class PpoTrainer extends Trainer {
  readonly #ppo: PpoOptions;

  private constructor(options: PpoOptions, runner: StepRunner) {
    super(options, runner);
    this.#ppo = options;
  }

  static async open(options: PpoOptions): Promise<PpoTrainer> {
    const { policyClip, value, temperature } = options;
    const objective = { kind: 'ppo', policyClip, valueClip: value && value.clip } as const;
    return new PpoTrainer(options, await openStep(options, objective, temperature));
  }

  /** One update on the minibatch of each policy. @param learningRates one per group: policies, then value models */
  async step(policies: Groups, learningRates: ArrayLike<number>): Promise<PpoStep> {
    assertGroups(trained(policies, this.#ppo), this.options.trainable);
    const factors = meanFactors(policies, rowWeight);
    const { siblings = 1 } = this.#ppo;
    const parts = inTurn(policies, stepLimits(this.options), this.#rowBound(policies), siblings);
    const batches = parts.map((part) => ppoBatch(part.groups, factors, this.#ppo));
    const outcome = await this.runner.step(
      batches.map(({ batch }) => batch),
      learningRates,
    );
    return {
      loss: outcome.loss,
      gradientNorms: outcome.gradientNorms,
      logProbabilities: inOrder(parts, gather(batches, outcome, 'logProbabilities', 'tokens')),
      entropies: inOrder(parts, gather(batches, outcome, 'entropies', 'tokens')),
      values: this.#ppo.value && inOrder(parts, gather(batches, outcome, 'scalars', 'scalars')),
    };
  }

  /** What no rollout takes more than, with its share of the prompt: the same for every policy, whose prompts are the same. */
  #rowBound(policies: Groups): number {
    const { maximumTime, siblings = 1 } = this.#ppo;
    const prompt = Math.max(...policies.flat().map(({ start }) => start));
    return prompt / siblings + maximumTime - prompt;
  }
}

interface PpoPart {
  readonly bundles: Bundles<PpoRow>;
  readonly tokens: Picks;
  readonly scalars: Picks;
}

/** One scored output of each micro-batch, by policy and rollout. */
function gather(
  batches: readonly PpoPart[],
  outcome: StepOutcome,
  name: string,
  picks: 'tokens' | 'scalars',
): Float32Array[][][] {
  return batches.map((part, index) => {
    const bundles = picks === 'tokens' ? part.bundles : valueBundles(part.bundles);
    const all = part[picks].unpack(outcome.scored[index]?.[name] ?? [], rowsOf(bundles));
    return picks === 'tokens' ? all : all.slice(part.bundles.length);
  });
}

/** By trained group: the policies', and the same again for their value models. */
function trained<Rows>(policies: readonly Rows[], { value }: Pick<PpoOptions, 'value'>): readonly Rows[] {
  return value === null ? policies : [...policies, ...policies];
}

const NOTHING: Bundles<PpoRow>[number] = [];

/** Groups as the batch has them, but only the value models' rows scored: the policies' come first and have none. */
function valueBundles(policies: Bundles<PpoRow>): Bundles<PpoRow> {
  return [...policies.map(() => NOTHING), ...policies];
}

/** The feeds of one micro-batch. @param factors per policy, 1 / (sum of weights over the whole minibatch) */
export function ppoBatch(
  policies: Groups,
  factors: readonly number[],
  options: PpoOptions,
): PpoPart & { readonly batch: Microbatch } {
  const { trainable, maximumTime, value, siblings = 1 } = options;
  const bundles = policies.map((rows) => sideBySide(rows, siblings));
  const { shape, feeds } = tokenFeeds(trained(bundles, options), trainable, maximumTime, true);
  const tokens = new Picks(bundles, shape, vocabularyBlock(architectureOf(trainable)));
  const scalars = new Picks(valueBundles(bundles), shape, 1);
  const field =
    (name: 'oldLogProbabilities' | 'advantages' | 'oldValues' | 'returns') =>
    (group: number, row: number, offset: number): number => {
      const number = policies[group % policies.length]?.[row]?.[name][offset];
      if (number === undefined)
        throw new RangeError(`${name} of policy ${group}, rollout ${row} lacks token ${offset}`);
      return number;
    };
  const weight = (group: number, row: number, offset: number): number =>
    (policies[group % policies.length]?.[row]?.weights?.[offset] ?? 1) *
    (factors[group % policies.length] ?? 0);
  const valueFeeds = value && {
    ...pickFeeds('scalar', scalars, true),
    scalarGroups: scalars.groups(),
    oldValues: scalars.values(field('oldValues')),
    returns: scalars.values(field('returns')),
    valueWeights: scalars.values((group, row, offset) => value.coefficient * weight(group, row, offset)),
  };
  const batch: Microbatch = {
    feeds: {
      ...feeds,
      ...pickFeeds('token', tokens, true),
      tokenTargets: tokens.targets(),
      tokenWeights: tokens.values(weight),
      oldLogProbabilities: tokens.values(field('oldLogProbabilities')),
      advantages: tokens.values(field('advantages')),
      ...valueFeeds,
    },
    scored: {
      logProbabilities: tokens.shape,
      entropies: tokens.shape,
      ...(value && { scalars: scalars.shape }),
    },
  };
  return { bundles, batch, tokens, scalars };
}
