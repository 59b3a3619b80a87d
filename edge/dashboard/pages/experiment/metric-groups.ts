/** Which metrics make a chart: what people look at first, each with what it means; one line for each policy. */

interface MetricGroup {
  readonly metric: string;
  readonly title: string;
  readonly meaning: string;
}

const WELL_KNOWN: readonly MetricGroup[] = [
  { metric: 'objective/scores', title: 'Reward', meaning: "the preference model's score of the responses" },
  { metric: 'objective/kl', title: 'KL', meaning: 'nats a sequence from the base model' },
  {
    metric: 'objective/entropy',
    title: 'Entropy',
    meaning: 'nats a sequence that the policy still leaves open',
  },
  { metric: 'policy/clipfrac_avg', title: 'Clip fraction', meaning: 'share of tokens beyond the clip range' },
  { metric: 'completions/mean_length', title: 'Length', meaning: 'tokens a response' },
  { metric: 'loss/value_avg', title: 'Value error', meaning: "squared error of the value model's forecast" },
  {
    metric: 'debug/rollout_train_logprob_diff_max',
    title: 'Sampler-trainer gap',
    meaning: 'largest difference of log-probabilities of one token',
  },
  { metric: 'preference/loss', title: 'Loss', meaning: 'of the preference model on its batch' },
  { metric: 'preference/accuracy', title: 'Accuracy', meaning: 'of the preference model on its batch' },
];

/** A line of a chart: `objective/kl@kl=0.05` is the line `kl=0.05` of `objective/kl`. */
interface Line {
  readonly name: string;
  readonly label: string;
}

export interface Chart extends MetricGroup {
  readonly lines: readonly Line[];
}

const baseOf = (name: string) => name.split('@')[0] ?? name;

/** Charts of a task's metrics: the well-known ones first, then the rest by name. */
export function chartsOf(names: readonly string[]): { readonly main: Chart[]; readonly other: Chart[] } {
  const lines = Map.groupBy(names, baseOf);
  const toChart = (group: MetricGroup): Chart => ({
    ...group,
    lines: (lines.get(group.metric) ?? []).map((name) => ({
      name,
      label: name.split('@')[1] ?? group.title,
    })),
  });
  const known = new Set(WELL_KNOWN.map(({ metric }) => metric));
  return {
    main: WELL_KNOWN.filter(({ metric }) => lines.has(metric)).map(toChart),
    other: [...lines.keys()]
      .filter((metric) => !known.has(metric))
      .sort()
      .map((metric) => toChart({ metric, title: metric, meaning: '' })),
  };
}
