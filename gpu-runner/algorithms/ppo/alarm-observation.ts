/** What the over-optimisation alarm sees of one step, and the metrics of repetition that it is made of. */
import type { AlarmObservation } from '../../../shared/alarm/over-optimisation.ts';
import { distinctN } from '../../../shared/text/distinct-n.ts';
import { repeatedNgramShare } from '../../../shared/text/repetition.ts';
import type { Metrics } from './rollout-metrics.ts';

/**
 * `completions/repeated_pairs`: mean share of a response's token pairs that occurred in it before;
 * `completions/distinct_2`: distinct token pairs of all responses over their number.
 */
export function repetitionMetrics(responses: readonly ArrayLike<number>[]): Metrics {
  const sequences = responses.map((tokens) => Array.from(tokens));
  const repeated = sequences.reduce((sum, tokens) => sum + repeatedNgramShare(tokens, 2), 0);
  return {
    'completions/repeated_pairs': repeated / sequences.length,
    'completions/distinct_2': distinctN(sequences, 2),
  };
}

/** The step as the alarm sees it, from its metrics. */
export function alarmObservation(metrics: Metrics): AlarmObservation {
  const metric = (name: string) => metrics[name] ?? Number.NaN;
  const length = metric('completions/mean_length');
  return {
    klPerToken: metric('objective/kl2') / length,
    entropyPerToken: metric('objective/entropy') / length,
    reward: metric('objective/scores'),
    rewardDeviation: metric('objective/scores_std'),
    length,
    lengthDeviation: metric('completions/length_std'),
    repetition: metric('completions/repeated_pairs'),
    // Without a value model nothing is explained from the first step on, so that this figure never departs.
    valueError: 1 - (metrics['critic/vf_explained_var'] ?? 0),
  };
}
