/** The scorer that the preference model of an experiment has taught, whoever asked for it. */
import type { Client } from '../../../../shared/api/client.ts';
import type { Scorer } from '../../app/types.ts';

/** So many of the newest scorers are looked through. */
const MOST = 200;

/** @returns the newest one; null where there is none */
export async function findScorer(client: Client, experimentId: string): Promise<Scorer | null> {
  const [{ tasks }, { items }] = await Promise.all([
    client.getLineage({ parameters: { experimentId } }),
    client.listScorers({ query: { limit: MOST } }),
  ]);
  const teachers = new Set(
    tasks
      .filter(({ kind }) => kind === 'train-preference-model')
      .flatMap(({ outputs }) => outputs.map(({ sha256 }) => sha256)),
  );
  return items.find(({ preferenceModelSha256 }) => teachers.has(preferenceModelSha256)) ?? null;
}
