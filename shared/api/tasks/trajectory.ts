/** Trajectory: every policy that PPO kept, how far it is from the base and how often its answers win: what judges make of a run that its own reward cannot see. */
import { z } from 'zod';
import {
  BESIDE_BASE_DEFAULTS,
  besideBaseFields,
  besideBaseLine,
  besideBasePoint,
  besideBaseResult,
  besideBaseSettings,
} from './beside-base.ts';
import { count } from './settings.ts';

/** They answer side by side, and each adapter is held in memory. */
export const MOST_TRAJECTORY_CELLS = 32;

export const trajectoryHyperparameters = z.strictObject(besideBaseSettings('dev'));

export const TRAJECTORY_DEFAULTS: z.infer<typeof trajectoryHyperparameters> = BESIDE_BASE_DEFAULTS;

/** Inputs: every `cell-...`, and `judge-<SHA-256>` for each preference model that judges. Output: `trajectory`. */
export const trajectoryParameters = trajectoryHyperparameters.extend(besideBaseFields);

const cell = {
  klCoefficient: z.number().describe('KL coefficient of the run'),
  steps: count.describe('PPO steps after which its policy was kept'),
};

const trajectoryPoint = z.strictObject({ ...cell, ...besideBasePoint });

export const trajectoryResult = z.strictObject({
  ...besideBaseResult,
  points: z
    .array(trajectoryPoint)
    .min(1)
    .describe('One for each cell of the grid, by KL coefficient, then by steps'),
});

/** A line of `trajectory`: what one judge said of the answer to one prompt by one policy. */
export const trajectoryLine = z.object({ ...cell, ...besideBaseLine });
