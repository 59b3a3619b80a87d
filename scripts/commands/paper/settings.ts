/** What `rlcd paper` asks of each stage at each scale; what is not said here has the API's default. */
import type { z } from 'zod';
import type { judgeHyperparameters } from '../../../shared/api/tasks/judge.ts';
import type { Hyperparameters } from '../../../shared/api/tasks/kinds.ts';
import { METHODS } from '../../../shared/api/words.ts';
import { METHOD_STAGES, type Method } from '../../../shared/method-stages.ts';
import type { JudgeCounts } from '../../experiment/judge-pairs.ts';

export const SCALES = ['tiny', 'small', 'cpu', 'full'] as const;
export type Scale = (typeof SCALES)[number];

/** Methods whose systems answer test prompts. */
export const COMPARED_METHODS = METHODS.filter((method) =>
  METHOD_STAGES[method].some(({ kind }) => kind === 'generate'),
);

/** What the command line decides. */
export interface PaperOptions {
  /** The name of a preset, or a file. */
  readonly task: string;
  /** A folder, a file, a hub id, or `bundled`. */
  readonly model: string;
  /** Undefined: the model itself. */
  readonly simulator?: string | undefined;
  /** Undefined: the openings that ship with kind-stories. */
  readonly prompts?: string | undefined;
  readonly scale: Scale;
  /** Seeds 1 to this. */
  readonly seeds: number;
  readonly plan: boolean;
  /** Undefined: a fresh folder. */
  readonly data?: string | undefined;
  /** Undefined: those of the scale. */
  readonly methods?: readonly Method[] | undefined;
  /** Over those of the scale. */
  readonly settings?: Hyperparameters | undefined;
  /** A file of people's pairs, on which a judge is trained; undefined: none is. */
  readonly judge?: string | undefined;
  /** Undefined: the API's default. */
  readonly judges?: z.output<typeof judgeHyperparameters>['judges'] | undefined;
  /** Undefined: `report` in the data folder. */
  readonly report?: string | undefined;
  /** Undefined: any free one. */
  readonly port?: number | undefined;
  readonly json: boolean;
}

export interface PaperSettings {
  readonly methods: readonly Method[];
  /** For every kind of stage; each method takes those of its own stages. */
  readonly hyperparameters: Hyperparameters;
  /** What a method takes over them. */
  readonly ofMethod?: Partial<Readonly<Record<Method, Hyperparameters>>>;
  /** Pairs of people on which a judge is trained and all judges are examined, where `--judge` names some. */
  readonly judgePairs: Required<JudgeCounts>;
  /** Pairs of responses on which all preference models are compared. */
  readonly agreementPairs: number;
}

/** The paper's five systems. */
const SYSTEMS = ['rlcd', 'rlaif', 'rlcd-rescore', 'context-distillation', 'base'] as const;

/** As many of people's pairs as a model of 135M parameters learns from in ten minutes of two cores. */
const PEOPLES_PAIRS = { trained: 1600, examined: 400 };

/** About a minute for the bundled model and one seed: it shows that everything runs, and nothing else. */
const tiny: PaperSettings = {
  methods: SYSTEMS,
  agreementPairs: 16,
  judgePairs: { trained: 24, examined: 8 },
  hyperparameters: {
    simulate: { maximumNewTokens: 16, promptLimit: 24, bannedTexts: [] },
    'train-preference-model': {
      rank: 2,
      learningRate: 1e-2,
      batchPairs: 4,
      warmupShare: 0,
      heldOutPairs: 8,
      maximumLength: 128,
    },
    ppo: {
      rank: 2,
      learningRate: 1e-3,
      warmupSteps: 0,
      maximumNewTokens: 16,
      klCoefficients: [0.02, 0.1],
      steps: [1, 2],
      rollouts: 8,
      minibatchSize: 8,
      microbatchSize: 8,
      penaltyWithoutStop: null,
      maximumPromptTokens: 128,
    },
    select: { maximumNewTokens: 16, promptLimit: 8 },
    distill: { rank: 2, learningRate: 1e-3, epochs: 1, batchSize: 8, microbatchSize: 8, maximumLength: 128 },
    generate: { maximumNewTokens: 16, topP: 1, promptLimit: 16 },
    frontier: { strengths: [0.5, 1, 2], maximumNewTokens: 16, promptLimit: 16 },
  },
};

/**
 * Five systems and three seeds of a model of three million parameters within half an hour of two cores, with many pairs and
 * the value models of `npm run demo -- --scale full`. The same for every method, and no novelty, which the paper has not.
 * Nothing is banned and no tail is cut (`bannedTexts`, `topP`), as in the paper: stories hold neither back-slashes nor back-ticks.
 */
const small: PaperSettings = {
  methods: SYSTEMS,
  agreementPairs: 400,
  judgePairs: PEOPLES_PAIRS,
  hyperparameters: {
    simulate: { maximumNewTokens: 40, promptLimit: 1440, bannedTexts: [] },
    'train-preference-model': { learningRate: 1e-3, heldOutPairs: 144, maximumLength: 192 },
    ppo: {
      learningRate: 5e-4,
      warmupSteps: 2,
      maximumNewTokens: 40,
      klCoefficients: [0.05, 0.1],
      steps: [5, 10],
      rollouts: 64,
      minibatchSize: 32,
      microbatchSize: 32,
      valueStart: 'preference-head',
      traceDecay: 0.95,
      penaltyWithoutStop: null,
      maximumPromptTokens: 128,
    },
    select: { maximumNewTokens: 40, promptLimit: 160 },
    distill: { learningRate: 1e-3, epochs: 2, batchSize: 32, microbatchSize: 16, maximumLength: 192 },
    generate: { maximumNewTokens: 40, topP: 1, promptLimit: 240 },
    frontier: { maximumNewTokens: 40 },
  },
  // There is no preference model to start from.
  ofMethod: { 'rlcd-direct': { ppo: { valueStart: 'zero-head' } } },
};

/**
 * What two cores do in a night with a chat model of 135M parameters and two seeds. Rates and lengths are those of `rlcd align`
 * on dialogues, with which such a model learned (docs/results/align.md): answers to a prompt are compared with each other in
 * place of a value model, which explained 2 % of the returns in so few steps and would double the time. Two step counts of one
 * coefficient are the grid; how far each policy is from its base, the frontier tells. No method's pairs are filtered but those
 * of `filtered-rlcd`, and no variety is asked for, as in the paper.
 */
const cpu: PaperSettings = {
  methods: [...SYSTEMS, 'best-of-n', 'dpo', 'dlma', 'simpo', 'kto', 'filtered-rlcd', 'grpo', 'rlcd-direct'],
  agreementPairs: 400,
  judgePairs: PEOPLES_PAIRS,
  hyperparameters: {
    simulate: { temperature: 0.7, maximumNewTokens: 64, promptLimit: 400 },
    'train-preference-model': { learningRate: 5e-4, heldOutPairs: 60, maximumLength: 256 },
    ppo: {
      learningRate: 7e-4,
      warmupSteps: 2,
      temperature: 0.7,
      maximumNewTokens: 64,
      klCoefficients: [0.05],
      steps: [12, 24],
      rollouts: 64,
      minibatchSize: 32,
      microbatchSize: 32,
      advantageEstimator: 'rloo',
      groupSize: 4,
      whitenRewards: false,
      epochs: 1,
      maximumPromptTokens: 128,
    },
    select: { temperature: 0.7, maximumNewTokens: 64, promptLimit: 100 },
    distill: { learningRate: 5e-4, epochs: 2, batchSize: 16, microbatchSize: 16, maximumLength: 256 },
    dpo: { learningRate: 3e-4, epochs: 2, batchPairs: 16, maximumLength: 256 },
    generate: { temperature: 0.7, topP: 1, maximumNewTokens: 64, promptLimit: 500 },
    'best-of-n': { candidates: 4 },
    frontier: { temperature: 0.7, maximumNewTokens: 64, promptLimit: 100 },
  },
  ofMethod: {
    grpo: { ppo: { advantageEstimator: 'grpo' } },
    // As `rlcd align` takes it: no preference model bounds the contrast as a reward.
    'rlcd-direct': { ppo: { klCoefficients: [0.2], steps: [6, 12] } },
  },
};

/** The paper's grid, rollouts, epochs and splits; both controls beside the five systems, and frontiers, which the paper has not. */
const full: PaperSettings = {
  methods: [...SYSTEMS, 'best-of-n', 'dpo'],
  agreementPairs: 2000,
  judgePairs: { trained: 20_000, examined: 1000 },
  hyperparameters: { frontier: {} },
};

export const PAPER_SETTINGS: Readonly<Record<Scale, PaperSettings>> = { tiny, small, cpu, full };
