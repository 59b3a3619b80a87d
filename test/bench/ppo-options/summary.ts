/** What a run under an option came to, and the difference to the same seeds' runs without it. */
import { estimateText, fixed } from '../../../shared/report/figures.ts';
import type { Estimate } from '../../../shared/report/document.ts';
import { mean, quantile, standardDeviation } from '../../../shared/statistics/summary.ts';
import type { Trace } from '../alarm/synthetic-run.ts';

export const SEEDS = [1, 2, 3, 4, 5, 6] as const;

/** Student's t for 95 % and as many seeds. */
const T_OF_SEEDS = 2.571;

/** Figures are means over the last steps' rollouts: 32 a step are few. */
const LAST_STEPS = 5;

/** Where each figure of a run comes from; gold is no metric of a run. */
const METRICS = {
  reward: 'objective/scores',
  /** Nats a response, by k1 whatever the penalty is made of. */
  kl: 'objective/kl0',
  /** Nats a token. */
  entropy: 'policy/entropy_avg',
  /** Mean |difference| of the sampler's and the trainer's log-probabilities, nats a token. */
  gap: 'debug/rollout_train_logprob_diff_mean',
  klCoefficient: 'objective/kl_coef',
} as const;

export type Figure = keyof typeof METRICS | 'gold';

const FIGURES: readonly Figure[] = ['reward', 'gold', 'kl', 'entropy', 'gap', 'klCoefficient'];

export interface MeasuredRun {
  readonly seed: number;
  readonly figures: Readonly<Record<Figure, number>>;
  readonly stepsTrained: number;
  readonly stop: string | null;
  readonly seconds: number;
}

export interface OptionSummary {
  readonly option: string;
  /** Mean over seeds, 95 % interval by Student's t. */
  readonly figures: Readonly<Record<Figure, Estimate>>;
  /** The same of the differences to the setting as it is, seed by seed. */
  readonly differences: Readonly<Record<Figure, Estimate>>;
  readonly stopped: number;
  readonly medianSteps: number;
  readonly medianSeconds: number;
  readonly runs: readonly MeasuredRun[];
}

export interface SettingSummary {
  readonly setting: string;
  readonly klCoefficient: number;
  readonly options: readonly OptionSummary[];
}

export function measuredRun(seed: number, { steps, earlyStop }: Trace, seconds: number): MeasuredRun {
  const last = steps.slice(-LAST_STEPS);
  const meanOf = (name: string) => mean(last.map(({ metrics }) => metrics[name] ?? Number.NaN));
  return {
    seed,
    figures: {
      reward: meanOf(METRICS.reward),
      gold: mean(last.map(({ gold }) => gold)),
      kl: meanOf(METRICS.kl),
      entropy: meanOf(METRICS.entropy),
      gap: meanOf(METRICS.gap),
      klCoefficient: meanOf(METRICS.klCoefficient),
    },
    stepsTrained: earlyStop?.step ?? steps.length,
    stop: earlyStop?.code ?? null,
    seconds,
  };
}

export function summariseOption(
  option: string,
  runs: readonly MeasuredRun[],
  asItIs: readonly MeasuredRun[],
): OptionSummary {
  const each = (of: (figure: Figure) => Estimate) =>
    Object.fromEntries(FIGURES.map((figure) => [figure, of(figure)])) as Record<Figure, Estimate>;
  const valuesOf = (figure: Figure) => runs.map(({ figures }) => figures[figure]);
  return {
    option,
    figures: each((figure) => estimate(valuesOf(figure))),
    differences: each((figure) =>
      estimate(
        valuesOf(figure).map((value, index) => value - (asItIs[index]?.figures[figure] ?? Number.NaN)),
      ),
    ),
    stopped: runs.filter(({ stop }) => stop !== null).length,
    medianSteps: quantile(
      runs.map(({ stepsTrained }) => stepsTrained),
      0.5,
    ),
    medianSeconds: quantile(
      runs.map(({ seconds }) => seconds),
      0.5,
    ),
    runs,
  };
}

/** @param values one of each seed */
function estimate(values: readonly number[]): Estimate {
  const [value, half] = [mean(values), (T_OF_SEEDS * standardDeviation(values)) / Math.sqrt(SEEDS.length)];
  return { value, interval: { lower: value - half, upper: value + half, confidence: 0.95 } };
}

/** A Markdown table a setting: figures, and in bold the differences to the first row whose interval leaves out 0. */
export function tableOf(settings: readonly SettingSummary[]): string {
  const head = ['reward', 'gold', 'KL', 'entropy', 'gap', 'steps trained', 'stopped', 'seconds'];
  return settings
    .flatMap(({ setting, options }) => [
      '',
      `| ${setting} | ${head.join(' | ')} |`,
      `| --- |${' --- |'.repeat(head.length)}`,
      ...options.map((option) => `| ${[option.option, ...cellsOf(option)].join(' | ')} |`),
    ])
    .join('\n');
}

function cellsOf({ figures, differences, stopped, medianSteps, medianSeconds }: OptionSummary): string[] {
  const cell = (figure: Figure, digits: number) => {
    const text = estimateText(figures[figure], digits);
    const { lower, upper } = differences[figure].interval;
    return lower > 0 || upper < 0 ? `**${text}**` : text;
  };
  return [
    cell('reward', 2),
    cell('gold', 2),
    cell('kl', 1),
    cell('entropy', 2),
    `${fixed(figures.gap.value * 1e6, 1)}e-6`,
    fixed(medianSteps, 0),
    `${stopped} of ${SEEDS.length}`,
    fixed(medianSeconds, 1),
  ];
}
