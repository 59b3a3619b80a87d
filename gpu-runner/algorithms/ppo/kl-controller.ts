/** The KL coefficient over training: fixed, or adapted towards a target KL (Ziegler et al. 2019, section 2.2). */
import type { TaskParameters } from '../../../shared/api/tasks/kinds.ts';

/** Adaptive: the wanted KL per sequence in nats, and the rollouts over which a clipped error multiplies by about e^0.2. */
type KlController = TaskParameters<'ppo'>['klController'];

/** Largest relative error of one update: |KL / target - 1| is clipped to it. */
const ERROR_CLIP = 0.2;

/**
 * KL coefficient of the next step; with an adaptive controller
 * klCoefficient * (1 + clip(KL / target - 1, -0.2, 0.2) * rollouts / horizon).
 *
 * @param klPerSequence measured KL of this step's rollouts, nats a sequence
 * @param rollouts sequences sampled in this step
 */
export function nextKlCoefficient(
  controller: KlController,
  klCoefficient: number,
  klPerSequence: number,
  rollouts: number,
): number {
  if (controller.kind === 'fixed') return klCoefficient;
  const error = Math.min(Math.max(klPerSequence / controller.target - 1, -ERROR_CLIP), ERROR_CLIP);
  return klCoefficient * (1 + (error * rollouts) / controller.horizon);
}
