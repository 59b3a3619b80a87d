/** The request that makes the same experiment again: equal settings and seed give equal bytes. */
import type { ExperimentDetail } from '../../app/types.ts';
import { curlOf } from '../../../../shared/api/request-text.ts';

const SCORER = 'train-scorer';

/** As the API takes it. */
export function requestOf(experiment: ExperimentDetail) {
  const { name, method, principle, promptSet, baseModel, simulator, form, seed, shards, hyperparameters } =
    experiment;
  const planned = experiment.stages.flatMap((stage) =>
    stage.plannedSeconds === null ? [] : [[stage.name, stage.plannedSeconds] as const],
  );
  return {
    name,
    method,
    principle,
    promptSet: promptSet.id,
    baseModel: baseModel.id,
    ...(simulator && { simulator: simulator.id }),
    ...(form && { form }),
    seed,
    shards,
    hyperparameters,
    ...(planned.length > 0 && { plannedSeconds: Object.fromEntries(planned) }),
    ...(experiment.stages.some(({ kind }) => kind === SCORER) && { scorer: true }),
  };
}

/** A shell command; the key comes from the environment. */
export function repeatCommand(experiment: ExperimentDetail, origin: string): string {
  return curlOf({ operation: 'createExperiment', input: { body: requestOf(experiment) }, origin });
}
