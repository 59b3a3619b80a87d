/** Why a KL is shown below 0, where it is. */

/** Nearer to 0 it is rounding. */
const BELOW = -1e-4;
const ESTIMATE =
  'A KL itself is never negative. What is shown is estimated from the tokens that were sampled';
const NEAR = 'so close to the base model, or over so few tokens, chance can take it below 0';

/** Where one may be. @param estimator of the rewards, which may be chosen; undefined where it is always the plain difference (k1) */
export function whyBelow(estimator: string | undefined): string {
  const cure = estimator === undefined ? '' : ' With klEstimator k3 or exact it stays above.';
  return `${ESTIMATE} (${estimator ?? 'k1'}): ${NEAR}.${cure}`;
}

/** Where one is, of values that are there. @param estimator as above */
export function klNote(values: readonly number[], estimator: string | undefined): string | undefined {
  return values.some((value) => value < BELOW) ? whyBelow(estimator) : undefined;
}
