/** The command that makes the same experiment again: equal settings and seed give equal bytes. */
import type { ExperimentDetail } from '../../app/types.ts';
import { curlOf } from '../../form/request-text.ts';

/** A shell command; the key comes from the environment. */
export function repeatCommand(experiment: ExperimentDetail, origin: string): string {
  const { name, method, principle, promptSet, baseModel, simulator, form, seed, shards, hyperparameters } =
    experiment;
  const body = {
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
  };
  return curlOf({ operation: 'createExperiment', input: { body }, origin });
}
