/** The KL coefficient over training: fixed, or adapted towards a target KL (Ziegler et al. 2019, section 2.2). */

interface FixedKlController {
  readonly kind: 'fixed';
  readonly coefficient: number;
}

interface AdaptiveKlController {
  readonly kind: 'adaptive';
  /** Coefficient beta_0 before the first step. */
  readonly initialCoefficient: number;
  /** Wanted KL per sequence in nats. */
  readonly target: number;
  /** Rollouts over which a constant, fully clipped error multiplies beta by about e^0.2. */
  readonly horizon: number;
}

export type KlControllerSettings = FixedKlController | AdaptiveKlController;

/** Largest relative error of one update: |KL / target - 1| is clipped to it. */
const ERROR_CLIP = 0.2;

export function initialKlCoefficient(settings: KlControllerSettings): number {
  return settings.kind === 'fixed' ? settings.coefficient : settings.initialCoefficient;
}

/**
 * Coefficient of the next step: beta' = beta * (1 + clip(KL / target - 1, -0.2, 0.2) * rollouts / horizon).
 *
 * @param klPerSequence measured KL of this step's rollouts, nats a sequence
 * @param rollouts sequences sampled in this step
 */
export function nextKlCoefficient(
  settings: KlControllerSettings,
  coefficient: number,
  klPerSequence: number,
  rollouts: number,
): number {
  if (settings.kind === 'fixed') return settings.coefficient;
  const error = Math.min(Math.max(klPerSequence / settings.target - 1, -ERROR_CLIP), ERROR_CLIP);
  return coefficient * (1 + (error * rollouts) / settings.horizon);
}
