/** The real store under the explorer: a database in memory, and experiments made with few statements. */
import { migrate } from '../../../edge/hosts/migrate-node.ts';
import { NodeDatabase } from '../../../edge/hosts/node-database.ts';
import { DomainError } from '../../../edge/domain/errors.ts';
import { commit, openDatabase, type Database } from '../../../edge/store/database.ts';
import { endExperiment, insertExperiment } from '../../../edge/store/experiments.ts';
import { checkpointTask } from '../../../edge/store/leases/checkpoint.ts';
import { claimTask } from '../../../edge/store/leases/claim.ts';
import { completeTask } from '../../../edge/store/leases/complete.ts';
import { failTask } from '../../../edge/store/leases/fail.ts';
import { reportTask } from '../../../edge/store/leases/report.ts';
import { requeue } from '../../../edge/store/leases/requeue.ts';
import { insertTasks, type NewTask } from '../../../edge/store/tasks.ts';
import type { Answer } from './model.ts';

const ARTIFACT = 'a'.repeat(64);

/** A UUID that no other number of this world has, and that sorts by it. */
export function identifierOf(number: number): string {
  return `00000000-0000-7000-8000-${String(number).padStart(12, '0')}`;
}

export interface TaskRow {
  readonly id: string;
  readonly status: string;
  readonly epoch: number;
  readonly sequence: number;
  readonly failures: number;
  readonly expirations: number;
  readonly checkpoint: number | null;
  readonly points: string;
  readonly failed: string;
  readonly outputs: number;
  readonly claims: number;
}

/**
 * A database that can go back to where it branched: batches are savepoints, so that they may stand inside a
 * branch. What a batch promises (all or nothing) is the same.
 */
export class BranchingDatabase extends NodeDatabase {
  override transaction<T>(work: () => T): T {
    this.#run('SAVEPOINT batch');
    try {
      const value = work();
      this.#run('RELEASE batch');
      return value;
    } catch (error) {
      this.#run('ROLLBACK TO batch');
      this.#run('RELEASE batch');
      throw error;
    }
  }

  async branch(work: () => Promise<void>): Promise<void> {
    this.#run('SAVEPOINT branch');
    await work();
    this.#run('ROLLBACK TO branch');
    this.#run('RELEASE branch');
  }

  #run(sql: string): void {
    this.compile(sql).statement.run();
  }
}

export class World {
  readonly client = new BranchingDatabase(':memory:');
  readonly database: Database = openDatabase(this.client as unknown as D1Database);

  constructor() {
    migrate(this.client);
    // The rows around an experiment do not matter here.
    this.client.exec(`PRAGMA foreign_keys = OFF;
      INSERT INTO artifacts (sha256, bytes, media_type, kind, created_at)
      VALUES ('${ARTIFACT}', 1, 'text/plain', 'report', 0);
      CREATE TRIGGER put AFTER INSERT ON tasks BEGIN INSERT INTO task_puts VALUES (NEW.id, '${ARTIFACT}'); END;`);
  }

  /** Runs `work` and undoes everything it did to the store. */
  async branch(work: () => Promise<void>): Promise<void> {
    await this.client.branch(work);
  }

  /** A running experiment with one stage that waits for the tasks; existing ones are shared. */
  async createExperiment(number: number, taskIds: readonly string[], engineVersion: string, now: number) {
    const id = identifierOf(number);
    const tasks = taskIds.map((taskId): NewTask => ({
      id: taskId,
      contentKey: taskId,
      specification: { kind: 'ppo', inputs: [] } as unknown as NewTask['specification'],
      engineVersion,
      experimentId: id,
      stage: 'ppo',
      priority: 0,
    }));
    await commit(this.database, [
      ...insertExperiment(
        this.database,
        {
          id,
          name: '',
          method: 'rlcd',
          principleId: '',
          principleVersionId: '',
          promptSetId: '',
          baseModelId: '',
          seed: 0,
          hyperparameters: {},
          shards: 1,
          status: 'running',
          createdAt: now,
        },
        [
          {
            id,
            experimentId: id,
            position: 0,
            name: 'ppo',
            kind: 'ppo',
            status: 'running',
            plan: { parameters: {}, prompts: null },
          },
        ],
      ),
      ...insertTasks(this.database, id, tasks, now),
    ]);
  }

  async cancel(number: number, now: number): Promise<void> {
    await commit(this.database, endExperiment(this.database, identifierOf(number), 'cancelled', null, now));
  }

  async claim(runner: string, claimId: string, engineVersion: string, now: number): Promise<Answer> {
    const row = await claimTask(
      this.database,
      { claimId, keyId: runner, runner: { id: runner, name: '', engineVersion, device: {} }, address: '' },
      now,
    );
    return row ? { kind: 'lease', task: row.id, epoch: row.epoch } : { kind: 'none' };
  }

  async #answer(work: () => Promise<Answer>): Promise<Answer> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
      const code = error.code as Extract<Answer, { code: string }>['code'];
      return { kind: 'refused', code };
    }
  }

  async report(
    holder: { taskId: string; epoch: number; keyId: string },
    sequence: number,
    points: readonly (readonly [step: number, value: number])[],
    now: number,
  ): Promise<Answer> {
    const metrics = points.map(([step, value]) => ({ name: 'm', step, value }));
    return await this.#answer(async () => {
      const report = { epoch: holder.epoch, sequence, metrics, samples: [] };
      const { applied } = await reportTask(this.database, holder, report, now);
      return { kind: applied ? 'applied' : 'repeated' };
    });
  }

  async checkpoint(holder: { taskId: string; epoch: number; keyId: string }, step: number, now: number) {
    return await this.#answer(async () => {
      await checkpointTask(this.database, holder, { sha256: ARTIFACT, step }, now);
      return { kind: 'done' };
    });
  }

  async complete(holder: { taskId: string; epoch: number; keyId: string }, now: number): Promise<Answer> {
    return await this.#answer(async () => {
      const completion = { outputs: [{ name: 'o', sha256: ARTIFACT }], result: {} };
      await completeTask(this.database, holder, completion, [], now);
      return { kind: 'done' };
    });
  }

  async fail(
    holder: { taskId: string; epoch: number; keyId: string },
    retryable: boolean,
    now: number,
  ): Promise<Answer> {
    return await this.#answer(async () => {
      await failTask(this.database, holder, { reason: { code: 'broken', message: 'x' }, retryable }, now);
      return { kind: 'done' };
    });
  }

  async expire(now: number): Promise<void> {
    await requeue(this.database, 'expired', now);
  }

  /** Everything the store holds about the tasks. */
  async read(taskIds: readonly string[]): Promise<TaskRow[]> {
    const { results } = await this.database.$client
      .prepare(
        `SELECT id, status, epoch, report_sequence AS sequence, failures, expirations,
           checkpoint_step AS checkpoint,
           coalesce((SELECT points FROM metric_chunks WHERE task_id = t.id), '[]') AS points,
           (SELECT json_group_array(json_array(epoch, code)) FROM task_failures WHERE task_id = t.id) AS failed,
           (SELECT count(*) FROM task_outputs WHERE task_id = t.id) AS outputs,
           attempts AS claims
         FROM tasks t WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id`,
      )
      .bind(JSON.stringify(taskIds))
      .all<TaskRow>();
    return results;
  }

  close(): void {
    this.client.close();
  }
}
