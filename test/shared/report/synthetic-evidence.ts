/** Evidence of experiments that never ran, with known truths: what a report says of them can be checked. */
import { normal, uniform } from '../../../shared/random.ts';
import type { ReportSetting } from '../../../shared/report/document.ts';
import type { ExperimentEvidence, LineageTask, PairRow } from '../../../shared/report/evidence.ts';
import type { GoldJudge } from '../../../shared/report/label-reports.ts';

/** Text that a page must show and never obey. */
export const HOSTILE = `<script>alert("x")</script><img src=x onerror='alert(1)'> & "quotes" | \`\`\` \u202E`;

/** Mean score of each system; the judge's noise is N(0, 1) a response. */
export const STRENGTHS = {
  rlcd: 0.8,
  rlaif: 0.1,
  'rlcd-rescore': -0.1,
  'context-distillation': 0.4,
  base: 0,
} as const;
type Method = keyof typeof STRENGTHS;
const METHODS = Object.keys(STRENGTHS) as Method[];

/** P(the label is right) by construction. */
export const LABEL_ACCURACY: Readonly<Partial<Record<Method, number>>> = {
  rlcd: 0.75,
  rlaif: 0.55,
  'rlcd-rescore': 0.5,
};

const hash = (text: string) => Buffer.from(text).toString('hex').padEnd(64, '0').slice(0, 64);

function score(method: Method, seed: number, prompt: number): number {
  return STRENGTHS[method] + normal(seed, METHODS.indexOf(method), prompt);
}

function task(stage: string, outputs: readonly string[], owner: string): LineageTask {
  return {
    stage,
    shard: 0,
    key: hash(`${owner} ${stage}`),
    engineVersion: '1',
    inputs: [],
    outputs: outputs.map((name) => ({ name, sha256: hash(`${owner} ${stage} ${name}`) })),
  };
}

/** The side whose text says "good" is the better one; the label is right with the method's probability. */
export const GOLD: GoldJudge = {
  name: 'the word good',
  share: ({ chosen, rejected }) =>
    (1 + Number(chosen.includes('good')) - Number(rejected.includes('good'))) / 2,
};

function pairs(method: Method, seed: number, count: number): PairRow[] {
  const share = LABEL_ACCURACY[method];
  if (share === undefined) {
    const positive = method === 'context-distillation';
    return positive
      ? [{ promptId: '0', prompt: 'p', chosen: 'good', rejected: '', labelProbability: 1, affixPair: 0 }]
      : [];
  }
  return Array.from({ length: count }, (_, row) => {
    const right = uniform(seed, METHODS.indexOf(method) + 100, row) < share;
    const [chosen, rejected] = right ? ['a good end', 'an end'] : ['an end', 'a good end'];
    const labelProbability = method === 'rlcd' ? 1 : 0.75;
    return {
      promptId: String(row),
      prompt: `prompt ${row}`,
      chosen,
      rejected,
      labelProbability,
      affixPair: 0,
    };
  });
}

const interval = { lower: 0.4, upper: 0.6, confidence: 0.95 };

export const STRENGTHS_OF_ADAPTERS = [0.5, 1, 2];

/** Nats at strength 1; they grow with the square of the strength. */
export const REACH: Readonly<Partial<Record<Method, number>>> = {
  rlcd: 2,
  rlaif: 1,
  'rlcd-rescore': 4,
  'context-distillation': 0.5,
};

/** A judge that compares by score: the strength moves the mean in proportion. */
function frontier(
  method: Method,
  seed: number,
  prompts: number,
  judge: string,
): ExperimentEvidence['frontier'] {
  const reach = REACH[method];
  if (reach === undefined) return [];
  return STRENGTHS_OF_ADAPTERS.flatMap((strength, place) =>
    Array.from({ length: prompts }, (_, row) => {
      const stream = 20 + 10 * METHODS.indexOf(method) + place;
      const noise = normal(seed, stream, row);
      const gap = strength * STRENGTHS[method] + normal(seed, stream + 100, row);
      return {
        strength,
        promptId: String(row),
        nats: reach * strength ** 2 * (1 + 0.3 * noise),
        tokens: 20 + (row % 5),
        judge,
        share: Number(gap > 0),
      };
    }),
  );
}

/** What the stage says of the same rows. */
function frontierResults(rows: ExperimentEvidence['frontier']) {
  if (rows.length === 0) return {};
  const meanOf = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const tokens = { n: 9, mean: 22, standardDeviation: 1, minimum: 20, median: 22, maximum: 24 };
  const points = [...Map.groupBy(rows, ({ strength }) => strength)].map(([strength, own]) => {
    const kl = meanOf(own.map(({ nats }) => nats));
    return {
      strength,
      kl,
      klInterval: { lower: kl - 0.1, upper: kl + 0.1, confidence: 0.95 },
      tokens,
      endedShare: 0.5,
      distinct2: 0.9,
      verdicts: [
        {
          judge: own[0]?.judge ?? '',
          winRate: meanOf(own.map(({ share }) => share)),
          interval,
          lengthControlled: strength === 1 ? { rate: 0.55, interval } : null,
          unparsable: 0,
          calls: null,
          cost: null,
        },
      ],
    };
  });
  return { frontier: [{ n: 9, base: { tokens, endedShare: 0.5, distinct2: 0.7 }, points }] };
}

function results(method: Method, seed: number): ExperimentEvidence['results'] {
  if (LABEL_ACCURACY[method] === undefined) return {};
  const cells = [0.004, 0.016].flatMap((klCoefficient) => [8, 15].map((steps) => ({ klCoefficient, steps })));
  return {
    'train-preference-model': [
      {
        trainPairs: 10,
        humanPairs: 0,
        droppedPairs: 0,
        steps: 4,
        trainLoss: 0.6,
        heldOut: {
          n: 20,
          accuracy: 0.5,
          interval,
          lengthOnlyAccuracy: 0.6,
          brier: 0.25,
          expectedCalibrationError: 0.1,
          calibrationBins: [],
          accuracyByLengthGap: [],
          accuracyByConfidence: [],
          accuracyBySource: [],
        },
      },
    ],
    ppo: [
      {
        cells: [],
        alarms: [
          {
            klCoefficient: 0.004,
            raised: { step: 9, signals: ['length'], message: 'longer' },
            chosenSteps: 8,
          },
          { klCoefficient: 0.016, raised: null, chosenSteps: 15 },
        ],
      },
    ],
    select: [
      {
        chosen: { klCoefficient: 0.016, steps: seed % 2 === 0 ? 8 : 15 },
        minimumDistinct2: null,
        table: cells.map(({ klCoefficient, steps }, index) => ({
          klCoefficient,
          steps,
          n: 50,
          meanReward: index * 0.2 - 0.1,
          interval: { lower: index * 0.2 - 0.2, upper: index * 0.2, confidence: 0.95 },
          meanLength: 40 + index,
          kl: 2 * index,
          distinct2: 1 - 0.05 * index,
        })),
      },
    ],
  };
}

/**
 * All five systems with these seeds.
 *
 * @param prompts test prompts, and train prompts of pairs
 * @param frontierJudge its name; null: no experiment asked for a frontier
 */
export function syntheticEvidence(
  seeds: readonly number[],
  prompts: number,
  frontierJudge: string | null = null,
): ExperimentEvidence[] {
  return seeds.flatMap((seed) =>
    METHODS.map((method) => {
      const owner = `${method}${seed}`;
      const isBase = method === 'base';
      const rows = frontierJudge === null ? [] : frontier(method, seed, prompts, frontierJudge);
      return {
        method,
        seed,
        results: { ...results(method, seed), ...frontierResults(rows) },
        runnerSeconds: 60,
        lineage: [
          ...(isBase ? [] : [task('simulate', ['pairs'], owner), task('judge', ['comparisons'], owner)]),
          // The base's responses are made once for all methods of a seed.
          ...(isBase
            ? []
            : [{ ...task('generate', ['completions'], `base${seed}`), stage: 'generate-base' }]),
          task('generate', ['completions'], owner),
        ],
        completions: Array.from({ length: prompts }, (_, row) => ({
          promptId: String(row),
          prompt: `Once there was a dog ${row}. ${row === 0 ? HOSTILE : ''}`,
          completion: `${method} went home ${row % 7} times. ${row === 0 ? HOSTILE : ''}`,
          tokens: 20 + ((row + METHODS.indexOf(method)) % 9),
          ended: false,
          baseLogProbability: -40,
        })),
        comparisons: isBase
          ? []
          : Array.from({ length: prompts }, (_, row) => {
              const [firstScore, secondScore] = [score(method, seed, row), score('base', seed, row)];
              const share = firstScore === secondScore ? 0.5 : Number(firstScore > secondScore);
              return { judge: 'sentiment', promptId: String(row), firstScore, secondScore, share };
            }),
        frontier: rows,
        trajectory: [],
        pairs: pairs(method, seed, prompts),
      };
    }),
  );
}

export const SETTING: ReportSetting = {
  title: 'Five systems that never ran',
  command: 'npm run paper -- --task kind-stories --scale tiny',
  scale: 'tiny',
  principle: { name: 'kind-stories', version: 1 },
  model: { name: 'bundled', weightsSha256: hash('weights'), parameterCount: 590_000 },
  prompts: { contentSha256: hash('prompts'), train: 100, dev: 20, test: 40 },
  hyperparameters: { ppo: { learningRate: 0.001 } },
  createdAt: '2026-11-23T00:00:00.000Z',
  machine: 'a table',
};

/** An exam of the synthetic judge, as an experiment of examine-judges gives it. */
export function syntheticExam(given: object = {}): ExperimentEvidence {
  const exam = {
    judge: 'sentiment',
    orders: 'single-text',
    n: 200,
    agreed: 160,
    ties: 0,
    unparsable: 0,
    accuracy: 0.8,
    interval: { lower: 0.739, upper: 0.849, confidence: 0.95 },
    effectivePairs: 200,
    probabilities: {
      from: 'scores',
      scales: [1.5, null],
      brier: 0.171,
      expectedCalibrationError: 0.062,
      calibrationBins: [],
    },
    lengthOnly: { accuracy: 0.55, interval },
    atEqualLength: null,
    positionBias: null,
    calls: null,
    retries: null,
    tokens: null,
    cost: null,
    ...given,
  };
  return {
    method: 'examine-judges',
    seed: 1,
    results: { examine: [{ pairs: 250, exams: [exam] }] },
    runnerSeconds: 5,
    lineage: [],
    completions: [],
    comparisons: [],
    pairs: [],
    frontier: [],
    trajectory: [],
  };
}
