/** Which metrics make a chart: what people look at first, each with what it means; one line for each policy of each run. */
import type { Across } from './curve-view.ts';

/** A task that trains, and what it reports. */
export interface Run {
  readonly taskId: string;
  /** Tells it from other runs; empty where there is no other. */
  readonly label: string;
  /** Of the metrics that it has reported. */
  readonly names: readonly string[];
  /** Responses of each step; undefined where it samples none. */
  readonly rollouts: number | undefined;
  /** Of the KL in its rewards. */
  readonly klEstimator: string | undefined;
}

/** A line of a chart: `objective/kl@kl=0.05` is the line `kl=0.05` of `objective/kl`. */
export interface Line {
  readonly run: Run;
  readonly name: string;
  readonly label: string;
}

interface MetricGroup {
  readonly metric: string;
  readonly title: string;
  readonly meaning: string;
  /** Over this, however the others are drawn. */
  readonly across?: Across;
}

export interface Chart extends MetricGroup {
  readonly lines: readonly Line[];
}

const SCORES = 'objective/scores';
export const KL = 'objective/kl';
const LENGTH = 'completions/mean_length';

const WELL_KNOWN: readonly MetricGroup[] = [
  { metric: SCORES, title: 'Reward', meaning: "the preference model's score of the responses" },
  { metric: KL, title: 'KL', meaning: 'nats a sequence from the base model' },
  {
    metric: SCORES,
    title: 'Reward against KL',
    meaning: 'what each nat away from the base model brought: a point for each step',
    across: 'kl',
  },
  {
    metric: 'objective/entropy',
    title: 'Entropy',
    meaning: 'nats a sequence that the policy still leaves open',
  },
  { metric: 'policy/clipfrac_avg', title: 'Clip fraction', meaning: 'share of tokens beyond the clip range' },
  { metric: LENGTH, title: 'Length', meaning: 'tokens a response' },
  { metric: 'loss/value_avg', title: 'Value error', meaning: "squared error of the value model's forecast" },
  {
    metric: 'debug/rollout_train_logprob_diff_max',
    title: 'Sampler-trainer gap',
    meaning: 'largest difference of log-probabilities of one token',
  },
  { metric: 'preference/loss', title: 'Loss', meaning: 'of the preference model on its batch' },
  { metric: 'preference/accuracy', title: 'Accuracy', meaning: 'of the preference model on its batch' },
];

const baseOf = (name: string) => name.split('@')[0] ?? name;
const policyOf = (name: string) => name.split('@')[1];

/** The metric of the same policy over which a line is drawn; undefined where its run does not tell what is needed. */
export function companionOf({ run, name }: Line, across: Across): string | undefined {
  if (across === 'step' || (across === 'tokens' && run.rollouts === undefined)) return undefined;
  const policy = policyOf(name);
  const companion = `${across === 'kl' ? KL : LENGTH}${policy === undefined ? '' : `@${policy}`}`;
  return run.names.includes(companion) ? companion : undefined;
}

/** Over what a chart can be drawn: as is wanted where every line of it can be. */
export function acrossOf(chart: Chart, wanted: Across): Across {
  const across = chart.across ?? wanted;
  return chart.lines.every((line) => companionOf(line, across) !== undefined) ? across : 'step';
}

/** Charts of runs' metrics: the well-known ones first, then the rest by name. */
export function chartsOf(runs: readonly Run[]): { readonly main: Chart[]; readonly other: Chart[] } {
  const lines = Map.groupBy(
    runs.flatMap((run) => run.names.map((name) => ({ run, name }))),
    ({ name }) => baseOf(name),
  );
  const toChart = (group: MetricGroup): Chart => ({
    ...group,
    lines: (lines.get(group.metric) ?? []).map(({ run, name }) => ({
      run,
      name,
      label: [run.label, policyOf(name)].filter(Boolean).join(' ') || group.title,
    })),
  });
  const known = new Set(WELL_KNOWN.map(({ metric }) => metric));
  return {
    main: WELL_KNOWN.filter(({ metric, across }) => lines.has(metric) && (!across || lines.has(KL))).map(
      toChart,
    ),
    other: [...lines.keys()]
      .filter((metric) => !known.has(metric))
      .sort()
      .map((metric) => toChart({ metric, title: metric, meaning: '' })),
  };
}

/** Whether every word of a filter is in the title or the metric's name. */
export function matches({ title, metric }: Chart, filter: string): boolean {
  const text = `${title} ${metric}`.toLowerCase();
  return filter
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}
