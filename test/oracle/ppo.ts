/** Independent float64 oracle of PPO's host mathematics: ragged arrays, written from the formulas, no shared code. */

/** A ragged matrix: one array per response, true tokens only. */
export type Ragged = number[][];

export function oracleKl(estimator: string, policy: Ragged, reference: Ragged): Ragged {
  return policy.map((row, i) =>
    row.map((p, t) => {
      const q = reference[i]?.[t] ?? Number.NaN;
      const ratio = Math.exp(q) / Math.exp(p);
      if (estimator === 'k1') return p - q;
      if (estimator === 'k2') return 0.5 * (p - q) ** 2;
      if (estimator === 'k3') return ratio - 1 - Math.log(ratio);
      if (estimator === 'k1-clamped') return p > q ? p - q : 0;
      throw new Error(`no estimator ${estimator}`);
    }),
  );
}

/** A[t] as the explicit double sum over all later deltas: sum_l (gamma lambda)^l delta[t+l]. */
export function oracleAdvantages(rewards: Ragged, values: Ragged, gamma: number, lambda: number): Ragged {
  return rewards.map((row, i) => {
    const v = values[i] ?? [];
    const delta = row.map(
      (r, t) => r + gamma * (t + 1 < row.length ? (v[t + 1] ?? Number.NaN) : 0) - (v[t] ?? Number.NaN),
    );
    return delta.map((_, t) => delta.slice(t).reduce((sum, d, l) => sum + (gamma * lambda) ** l * d, 0));
  });
}

/** NumPy's (x - x.mean()) / sqrt(x.var() + 1e-8), over the flattened true tokens. */
export function oracleWhiten(values: Ragged, shiftMean: boolean): Ragged {
  const flat = values.flat();
  const mean = flat.reduce((a, b) => a + b, 0) / flat.length;
  const variance = flat.map((x) => (x - mean) ** 2).reduce((a, b) => a + b, 0) / flat.length;
  return values.map((row) =>
    row.map((x) => (x - mean) / Math.sqrt(variance + 1e-8) + (shiftMean ? 0 : mean)),
  );
}

/** Discounted rewards-to-go: G[t] = r[t] + gamma G[t+1]. */
export function oracleRewardsToGo(rewards: Ragged, gamma: number): Ragged {
  return rewards.map((row) => row.map((_, t) => row.slice(t).reduce((sum, r, l) => sum + gamma ** l * r, 0)));
}

/** sum_v p_v log(p_v / q_v), p and q being normalised exponentials. */
export function oracleDistributionKl(
  policyLogits: readonly number[],
  referenceLogits: readonly number[],
): number {
  const logarithms = (logits: readonly number[]) => {
    const top = Math.max(...logits);
    const total = Math.log(logits.map((logit) => Math.exp(logit - top)).reduce((a, b) => a + b, 0));
    return logits.map((logit) => logit - top - total);
  };
  const p = logarithms(policyLogits);
  const q = logarithms(referenceLogits);
  return p.reduce((sum, log, v) => sum + Math.exp(log) * (log - (q[v] ?? Number.NaN)), 0);
}

/** The same number at every token of a response: its total against the others' mean, or the group's z-score. */
export function oracleGroupAdvantages(rewards: Ragged, size: number, estimator: 'rloo' | 'grpo'): Ragged {
  const totals = rewards.map((row) => row.reduce((a, b) => a + b, 0));
  return rewards.map((row, i) => {
    const group = totals.slice(i - (i % size), i - (i % size) + size);
    const own = totals[i] ?? Number.NaN;
    const others = group.filter((_, j) => j !== i % size);
    const mean = group.reduce((a, b) => a + b, 0) / size;
    const deviation = Math.sqrt(group.reduce((a, b) => a + (b - mean) ** 2, 0) / size);
    const advantage =
      estimator === 'rloo'
        ? own - others.reduce((a, b) => a + b, 0) / others.length
        : (own - mean) / (deviation + 1e-8);
    return row.map(() => advantage);
  });
}
