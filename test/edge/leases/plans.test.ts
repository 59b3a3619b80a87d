/** What a claim reads must not grow with what others wait for or hold: its statements, and the sweep's, use their indexes. */
import { expect, it } from 'vitest';
import { NodeDatabase } from '../../../edge/hosts/node-database.ts';
import { migrate } from '../../../edge/hosts/migrate-node.ts';
import { openDatabase } from '../../../edge/store/database.ts';
import { claimTask } from '../../../edge/store/leases/claim.ts';
import { requeue } from '../../../edge/store/leases/requeue.ts';

class RecordingDatabase extends NodeDatabase {
  readonly run = new Set<string>();

  override prepare(sql: string): ReturnType<NodeDatabase['prepare']> {
    this.run.add(sql);
    return super.prepare(sql);
  }
}

interface Step {
  readonly detail: string;
}

async function plansOf(work: (client: RecordingDatabase) => Promise<unknown>): Promise<string[][]> {
  const client = new RecordingDatabase(':memory:');
  migrate(client);
  client.run.clear();
  await work(client);
  const statements = [...client.run];
  const plans = statements.map((sql) => {
    const { results } = client.prepare(`EXPLAIN QUERY PLAN ${sql}`).execute();
    return (results as Step[]).map(({ detail }) => detail);
  });
  client.close();
  return plans;
}

const runner = { id: 'r', name: 'r', engineVersion: '1', device: {} };

it('finds the first task of its engine in the index, past those that wait for other engines', async () => {
  const plans = await plansOf(async (client) => {
    const database = openDatabase(client as unknown as D1Database);
    await claimTask(database, { claimId: 'c', keyId: 'k', runner, address: '' }, 1);
  });
  const steps = plans.flat();
  expect(steps).toContain('SEARCH tasks USING INDEX tasks_claim (status=? AND engine_version=?)');
  expect(steps.filter((step) => step.startsWith('SCAN') && step !== 'SCAN CONSTANT ROW')).toEqual([]);
  expect(steps.filter((step) => step.includes('FOR ORDER BY'))).toEqual([]);
});

it('looks for ended leases among those past their time alone, or those of one runner', async () => {
  for (const [ended, index] of [
    ['expired', 'tasks_lease_expiry (lease_expires_at<?)'],
    [{ runnerId: 'r', exceptClaim: 'c' }, 'tasks_runner (lease_runner_id=? AND status=?)'],
  ] as const) {
    const plans = await plansOf(async (client) => {
      const database = openDatabase(client as unknown as D1Database);
      await requeue(database, ended, 1);
    });
    expect(plans).toEqual([[expect.stringContaining(index)]]);
  }
});
