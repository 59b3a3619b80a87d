/** Frontier: the adapter at several strengths, how far each is from the base and how often its answers win: a curve that methods can be compared by. */
import { z } from 'zod';
import {
  BESIDE_BASE_DEFAULTS,
  besideBaseFields,
  besideBaseLine,
  besideBasePoint,
  besideBaseResult,
  besideBaseSettings,
} from './beside-base.ts';

const MOST_STRENGTHS = 8;
const GREATEST_STRENGTH = 16;

const strength = z
  .number()
  .positive()
  .max(GREATEST_STRENGTH)
  .describe("What the adapter's change of the weights is multiplied by; 1 is the adapter itself");

export const frontierHyperparameters = z.strictObject({
  strengths: z
    .array(strength)
    .min(1)
    .max(MOST_STRENGTHS)
    .refine((given) => given.every((one, place) => place === 0 || one > (given[place - 1] ?? 0)), {
      error: 'must ascend, each strength once',
    })
    .describe('Strengths of the adapter, ascending; the base stands beside them at 0'),
  ...besideBaseSettings('test'),
});

export const FRONTIER_DEFAULTS: z.infer<typeof frontierHyperparameters> = {
  strengths: [0.25, 0.5, 1, 1.5],
  ...BESIDE_BASE_DEFAULTS,
};

/** Inputs: `adapter`, and `judge-<SHA-256>` for each preference model that judges. Output: `frontier`. */
export const frontierParameters = frontierHyperparameters.extend(besideBaseFields);

const frontierPoint = z.strictObject({ strength, ...besideBasePoint });

export const frontierResult = z.strictObject({
  ...besideBaseResult,
  points: z.array(frontierPoint).min(1).describe('One for each strength, ascending'),
});

/** A line of `frontier`: what one judge said of the answer to one prompt at one strength. */
export const frontierLine = z.object({
  strength: z.number().describe('Strength of the adapter that answered'),
  ...besideBaseLine,
});
