/** When a PPO run ends before its last step, and the reason that is written down with the result. */

export interface EarlyStopLimits {
  /** Measured KL per sequence in nats (objective/kl0) above which the policy has left the reference's text. */
  readonly klPerSequence: number | null;
  /** Mean of the update's own approximate KL (policy/approxkl_avg) above which steps are too large. */
  readonly approximateKl: number | null;
}

export interface EarlyStop {
  readonly code: 'kl-per-sequence' | 'approximate-kl' | 'over-optimisation';
  readonly message: string;
}

/** The reason to stop after a step with these metrics, or null. */
export function earlyStopReason(
  limits: EarlyStopLimits,
  measured: { readonly klPerSequence: number; readonly approximateKl: number },
): EarlyStop | null {
  const { klPerSequence, approximateKl } = limits;
  if (klPerSequence !== null && measured.klPerSequence > klPerSequence) {
    return {
      code: 'kl-per-sequence',
      message:
        `KL to the reference is ${measured.klPerSequence.toFixed(2)} nats a sequence, limit ${klPerSequence}: ` +
        'raise the KL coefficient or lower the learning rate to train for longer',
    };
  }
  if (approximateKl !== null && measured.approximateKl > approximateKl) {
    return {
      code: 'approximate-kl',
      message:
        `one step moved the policy by ${measured.approximateKl.toFixed(4)} nats a token, limit ${approximateKl}: ` +
        'lower the learning rate or the number of epochs',
    };
  }
  return null;
}
