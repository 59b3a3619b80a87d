/** Label: the model itself says which response of each pair it prefers (RLAIF, RLCD-Rescore). */
import { z } from 'zod';
import { count, promptForm, summary } from './settings.ts';

export const labelHyperparameters = z.strictObject({
  /** Both orders of A and B, averaged; `one-order` is parity with the official code. */
  orders: z.enum(['both', 'one-order']),
});

export const LABEL_DEFAULTS: z.infer<typeof labelHyperparameters> = { orders: 'both' };

/** Input: `pairs`. Output: `pairs` (preference-dataset) with soft label probabilities. */
export const labelParameters = labelHyperparameters.extend({ promptForm });

export const labelResult = z.strictObject({
  pairs: count,
  labelProbability: summary.nullable(),
  /** Share of pairs whose label flips with the order; null where one order was asked. */
  orderDisagreement: z.number().min(0).max(1).nullable(),
});
