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
  score: (_, response) => (response.includes('good') ? 1 : 0),
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

/** All five systems with these seeds. @param prompts test prompts, and train prompts of pairs */
export function syntheticEvidence(seeds: readonly number[], prompts: number): ExperimentEvidence[] {
  return seeds.flatMap((seed) =>
    METHODS.map((method) => {
      const owner = `${method}${seed}`;
      const isBase = method === 'base';
      return {
        method,
        seed,
        results: results(method, seed),
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
  };
}
