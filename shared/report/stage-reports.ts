/** What the stages' own results say: preference models, grids, alarms. */
import { z } from 'zod';
import { ppoAlarm } from '../api/tasks/ppo.ts';
import { selectResult } from '../api/tasks/select.ts';
import { interval } from '../api/tasks/settings.ts';
import type { AlarmReport, GridReport, PreferenceModelReport } from './document.ts';
import type { ExperimentEvidence } from './evidence.ts';
import { meanOf } from './match-ups.ts';

/** What the report takes of a result; what else stands there is not its business. */
const heldOutResult = z.object({
  heldOut: z.object({
    n: z.int(),
    accuracy: z.number(),
    interval,
    lengthOnlyAccuracy: z.number().nullable().default(null),
    brier: z.number(),
    expectedCalibrationError: z.number(),
  }),
});
const alarmResult = z.object({ alarms: z.array(ppoAlarm) });

/** The result of a stage's only task; undefined where the method has no such stage. */
function resultOf({ results }: ExperimentEvidence, stage: string) {
  return results[stage]?.[0] ?? undefined;
}

/** Held-out accuracy on each model's own labels, by method and seed. */
export function preferenceModelReports(experiments: readonly ExperimentEvidence[]): PreferenceModelReport[] {
  return experiments.flatMap((experiment) => {
    const result = resultOf(experiment, 'train-preference-model');
    if (result === undefined) return [];
    const { heldOut } = heldOutResult.parse(result);
    const { accuracy, interval, ...others } = heldOut;
    const { method, seed } = experiment;
    return [{ method, seed, heldOut: { ...others, accuracy: { value: accuracy, interval } } }];
  });
}

/** The table that each method chose its cell from, seeds side by side. */
export function gridReports(experiments: readonly ExperimentEvidence[]): GridReport[] {
  return [...Map.groupBy(experiments, ({ method }) => method)].flatMap(([method, own]) => {
    const rows = own.flatMap((experiment) => {
      const result = resultOf(experiment, 'select');
      if (result === undefined) return [];
      const { chosen, table } = selectResult.parse(result);
      return table.map((cell) => ({
        seed: experiment.seed,
        cell,
        isChosen: cell.klCoefficient === chosen.klCoefficient && cell.steps === chosen.steps,
      }));
    });
    const cells = [
      ...Map.groupBy(rows, ({ cell }) => `${cell.klCoefficient} ${cell.steps}`).values(),
    ].flatMap((ofCell) => {
      const [head] = ofCell;
      if (head === undefined) return [];
      return [
        {
          klCoefficient: head.cell.klCoefficient,
          steps: head.cell.steps,
          reward: meanOf(ofCell.map(({ cell }) => cell.meanReward)),
          kl: meanOf(ofCell.map(({ cell }) => cell.kl)),
          tokens: meanOf(ofCell.map(({ cell }) => cell.meanLength)),
          perSeed: ofCell.map(({ seed, cell, isChosen }) => ({
            seed,
            reward: cell.meanReward,
            interval: cell.interval,
            kl: cell.kl,
            distinct2: cell.distinct2,
            chosen: isChosen,
          })),
        },
      ];
    });
    return cells.length === 0 ? [] : [{ method, cells }];
  });
}

/** The over-optimisation alarm of every PPO run, one for each KL coefficient. */
export function alarmReports(experiments: readonly ExperimentEvidence[]): AlarmReport[] {
  return experiments.flatMap((experiment) => {
    const result = resultOf(experiment, 'ppo');
    if (result === undefined) return [];
    const { method, seed } = experiment;
    return alarmResult.parse(result).alarms.map(({ klCoefficient, raised, chosenSteps }) => ({
      method,
      seed,
      klCoefficient,
      raised,
      chosenSteps,
    }));
  });
}
