/** An experiment by its id or its name. */
import type { Client } from '../../shared/api/client.ts';
import { UsageError } from '../../shared/command-line/usage-error.ts';
import type { ExperimentDetail } from './detail.ts';

/** @throws UsageError naming what there is */
export async function findExperiment(client: Client, named: string): Promise<ExperimentDetail> {
  const { items: begun } = await client.listExperiments({ query: { text: named, limit: 200 } });
  const { items: newest } = await client.listExperiments({ query: { limit: 200 } });
  const found = begun.filter(({ name }) => name === named);
  const [only, ...others] = found.length > 0 ? found : newest.filter(({ id }) => id === named);
  if (only !== undefined && others.length === 0) {
    return await client.getExperiment({ parameters: { experimentId: only.id } });
  }
  const listed = (only === undefined ? newest.slice(0, 20) : found).map(
    ({ id, name }) => `\n  ${id}  ${name}`,
  );
  const fault =
    only === undefined
      ? `there is no experiment ${named}`
      : `${found.length} experiments have the name ${named}`;
  throw new UsageError(`${fault}; name one by its id:${listed.join('') || ' there is none'}`);
}
