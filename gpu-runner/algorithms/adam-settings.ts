/** The optimiser of a task: the fields that every training task has, as the trainers take them. */
import type { OptimiserOptions } from '../llama/trainer/optimiser.ts';

/** AdamW as the parameters of a task name it. */
export function adamOf({
  beta1,
  beta2,
  epsilon,
  epsilonForm,
  weightDecay,
  maximumGradientNorm,
}: Omit<OptimiserOptions, 'clipNorm'> & { readonly maximumGradientNorm: number }): OptimiserOptions {
  return { beta1, beta2, epsilon, epsilonForm, weightDecay, clipNorm: maximumGradientNorm };
}
