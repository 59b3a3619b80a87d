/** The command that makes the same experiment again: equal settings and seed give equal bytes. */
import type { ExperimentDetail } from '../../app/types.ts';

const quoted = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;

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
  return [
    `curl ${origin}/v1/experiments \\`,
    `  -H "authorization: Bearer $RLCD_KEY" \\`,
    `  -H 'content-type: application/json' \\`,
    `  -d ${quoted(JSON.stringify(body, null, 2))}`,
  ].join('\n');
}
