/** Activations of gated feed-forward blocks and their derivatives, by the textbook. */

export type OracleActivation = 'silu' | 'gelu-tanh' | 'gelu';

/** The error function: its series near zero, its asymptotic expansion behind. */
function erf(x: number): number {
  const size = Math.abs(x);
  if (size > 3.5) {
    const square = 1 / (2 * x * x);
    const tail = 1 - square * (1 - 3 * square * (1 - 5 * square));
    return Math.sign(x) * (1 - (Math.exp(-x * x) / (size * Math.sqrt(Math.PI))) * tail);
  }
  let [sum, term] = [x, x];
  for (let n = 1; n < 80; n++) {
    term *= (-x * x) / n;
    sum += term / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * sum;
}

/** a(x) and a'(x). */
export function activation(name: OracleActivation, x: number): readonly [value: number, slope: number] {
  if (name === 'silu') {
    const s = 1 / (1 + Math.exp(-x));
    return [x * s, s * (1 + x * (1 - s))];
  }
  if (name === 'gelu') {
    const share = (1 + erf(x / Math.SQRT2)) / 2;
    return [x * share, share + (x * Math.exp((-x * x) / 2)) / Math.sqrt(2 * Math.PI)];
  }
  const factor = Math.sqrt(2 / Math.PI);
  const t = Math.tanh(factor * (x + 0.044715 * x ** 3));
  return [0.5 * x * (1 + t), 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * factor * (1 + 3 * 0.044715 * x * x)];
}
