/** What a run leaves behind, as far as it must be the same whatever was killed on the way. */
import type { Client } from '../../../shared/api/client.ts';
import { canonicalJson } from '../../../shared/canonical-json.ts';

const PAGE = 200;
const MOST_POINTS = 10_000;

export interface Evidence {
  /** Bytes by name: artifacts, results, preference pairs, comparisons, samples. */
  readonly documents: ReadonlyMap<string, Uint8Array>;
  /** Every metric row as it was read, by stage, shard, name and step. */
  readonly rows: readonly { readonly key: string; readonly value: number }[];
}

/** Reads everything over the API. @throws ApiError */
export async function gather(client: Client, experimentId: string): Promise<Evidence> {
  const documents = new Map<string, Uint8Array>();
  const addJson = (name: string, value: unknown) =>
    documents.set(name, new TextEncoder().encode(canonicalJson(value)));
  const rows: { key: string; value: number }[] = [];
  const { results } = await client.getExperiment({ parameters: { experimentId } });
  addJson('results', results);
  const { tasks } = await client.getLineage({ parameters: { experimentId } });
  for (const { id: taskId, stage, shard, outputs } of tasks) {
    const task = `${stage}/${shard}`;
    for (const { name, sha256 } of outputs) {
      const response = await client.downloadArtifact({ parameters: { sha256 } });
      documents.set(`${task}/${name}`, new Uint8Array(await response.arrayBuffer()));
    }
    rows.push(...(await readRows(client, taskId, task)));
    addJson(`${task}/samples`, await readSamples(client, taskId));
  }
  const parameters = { experimentId };
  const pairs = await readPages((query) => client.listPreferencePairs({ parameters, query }));
  addJson(
    'preference pairs',
    pairs.map((pair) => without(pair, ['taskId'])),
  );
  const comparisons = await readPages((query) => client.listComparisons({ parameters, query }));
  const verdicts = comparisons.map((comparison) =>
    canonicalJson(without(comparison, ['id', 'candidateId', 'createdAt'])),
  );
  addJson('comparisons', verdicts.sort());
  return { documents, rows };
}

async function readRows(client: Client, taskId: string, task: string) {
  const parameters = { taskId };
  const { metrics } = await client.listTaskMetrics({ parameters });
  const rows: { key: string; value: number }[] = [];
  for (const { name } of metrics) {
    const curve = await client.getCurve({ parameters, query: { name, maximumPoints: MOST_POINTS } });
    if (curve.thinned) throw new Error(`${task} has more than ${MOST_POINTS} points of ${name}`);
    for (const [step, value] of curve.points) rows.push({ key: `${task}/${name}/${step}`, value });
  }
  return rows;
}

async function readSamples(client: Client, taskId: string) {
  const samples = await readPages((query) => client.listSamples({ parameters: { taskId }, query }));
  return samples.map((sample) => without(sample, ['createdAt']));
}

/** Without what differs from run to run. */
function without(row: object, names: readonly string[]): object {
  return Object.fromEntries(Object.entries(row).filter(([name]) => !names.includes(name)));
}

interface Page<Item> {
  readonly items: readonly Item[];
  readonly nextCursor: string | null;
}

async function readPages<Item>(
  read: (query: { limit: number; cursor?: string }) => Promise<Page<Item>>,
): Promise<Item[]> {
  const items: Item[] = [];
  let page = await read({ limit: PAGE });
  items.push(...page.items);
  while (page.nextCursor !== null) {
    page = await read({ limit: PAGE, cursor: page.nextCursor });
    items.push(...page.items);
  }
  return items;
}
