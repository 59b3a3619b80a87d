/** What every conformance test of experiments begins with. */
import type { Hyperparameters } from '../../../shared/api/tasks/kinds.ts';
import type { Harness } from '../harness.ts';
import { EXPERIMENT, seedWorld } from '../seed.ts';

/** A world with everything that an experiment names, and how to make one of it. */
export async function beginExperiments(start: () => Promise<Harness>) {
  const harness = await start();
  await seedWorld(harness);
  const { client } = harness.clients;
  const create = async (
    change: Omit<Partial<typeof EXPERIMENT>, 'method' | 'hyperparameters'> & {
      name?: string;
      method?: 'rlcd' | 'look';
      hyperparameters?: Hyperparameters;
      simulator?: string;
      form?: 'prefix';
      plannedSeconds?: Record<string, number>;
    } = {},
  ) => await client.createExperiment({ body: { ...EXPERIMENT, ...change } });
  const get = async (experimentId: string) => await client.getExperiment({ parameters: { experimentId } });
  return { harness, client, create, get };
}
