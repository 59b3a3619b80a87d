/** Fills a store that no host has open: 10,000 experiments, 1,000,000 metric points, rounds of 1,000 waiting tasks. */
import { createHash, randomUUID } from 'node:crypto';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { METHOD_STAGES } from '../../../shared/method-stages.ts';
import { resolveParameters } from '../../../edge/domain/parameters.ts';
import type { TaskSpecification } from '../../../edge/domain/task-key.ts';
import { createIdentifier } from '../../../edge/store/identifier.ts';
import { bucketsOf, WINDOW_STEPS, type MetricPoint } from '../../../edge/store/metric-chunks.ts';
import { ENGINE_VERSION } from '../../../shared/engine-version.ts';
import { uniform } from '../../../shared/random.ts';

const EXPERIMENTS = 10_000;
export const CURVES = 10;
export const CURVE_POINTS = 100_000;
export const WAITING_TASKS = 1000;
export const METRIC = 'ppo/reward';

export interface Seeded {
  readonly baseModelId: string;
  /** A task with {@link CURVES} curves. */
  readonly curveTaskId: string;
}

type Row = Record<string, string | number | null>;

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

/** A round's tasks are taken by claims of the round alone, and before those of later rounds. */
const engineOf = (round: number) => `${ENGINE_VERSION}, round ${round}`;

export function seedStore(path: string, rounds: number): Seeded {
  const database = new DatabaseSync(path, { timeout: 30_000 });
  const waiting = rounds * WAITING_TASKS;
  const now = Date.now();
  const statements = new Map<string, StatementSync>();
  const insert = (table: string, row: Row) => {
    let statement = statements.get(table);
    if (!statement) {
      const names = Object.keys(row);
      const columns = names.map((name) => `"${name}"`).join(', ');
      const places = names.map(() => '?').join(', ');
      statement = database.prepare(`INSERT INTO ${table} (${columns}) VALUES (${places})`);
      statements.set(table, statement);
    }
    statement.run(...Object.values(row));
  };
  const id = () => createIdentifier(now);
  const [principleId, versionId, promptSetId, baseModelId] = [id(), id(), id(), id()];
  const principle = {
    name: 'bench',
    version: 1,
    form: 'prefix' as const,
    responseOpening: '',
    affixPairs: [{ positive: 'a', negative: 'b' }],
  };
  const baseModel = {
    name: 'bench',
    source: 'bundled',
    weightsSha256: sha256('weights'),
    contextLength: 256,
    configuration: {},
  };
  const rules = METHOD_STAGES.rlcd;

  database.exec('BEGIN IMMEDIATE');
  insert('principles', { id: principleId, name: 'bench', created_at: now });
  const definition = JSON.stringify({
    description: 'x',
    form: 'prefix',
    responseOpening: '',
    affixPairs: principle.affixPairs,
  });
  insert('principle_versions', {
    id: versionId,
    principle_id: principleId,
    number: 1,
    definition,
    created_at: now,
  });
  const counts = {
    train: 1,
    dev: 0,
    test: 0,
    leftOut: 0,
    duplicates: 0,
    trainTestOverlap: 0,
    trainDevOverlap: 0,
    unpaired: 0,
  };
  insert('prompt_sets', {
    id: promptSetId,
    name: 'bench',
    split_rule: '{"rule":"field"}',
    content_sha256: sha256('prompts'),
    counts: JSON.stringify(counts),
    created_at: now,
    ready_at: now,
  });
  insert('base_models', {
    id: baseModelId,
    name: 'bench',
    source: 'bundled',
    weights_sha256: baseModel.weightsSha256,
    parameter_count: 1,
    context_length: 256,
    configuration: '{}',
    created_at: now,
  });

  const [rule] = rules;
  if (!rule) throw new Error('the method rlcd has no stage');
  const resolved = resolveParameters(rule, principle, baseModel, {}, new Map());
  if (!('parameters' in resolved)) throw new Error('the defaults of simulate are not valid');
  const { parameters } = resolved;
  /** A task of an experiment's first stage. */
  const addTask = (experimentId: string, stageId: string, number: number, status: string) => {
    const round = Math.floor(number / WAITING_TASKS);
    const specification: TaskSpecification = {
      kind: 'simulate',
      shard: { index: number, count: waiting },
      seed: 1,
      parameters,
      principle,
      baseModel,
      prompts: { sha256: sha256('prompts'), bytes: 10 },
      inputs: [],
    };
    const taskId = id();
    insert('tasks', {
      id: taskId,
      content_key: sha256(`${experimentId} ${number}`),
      kind: 'simulate',
      specification: JSON.stringify(specification),
      engine_version: engineOf(round),
      experiment_id: experimentId,
      stage: 'simulate',
      status,
      priority: 100 + round,
      available_at: 0,
      created_at: now,
    });
    insert('stage_tasks', { stage_id: stageId, shard: number, task_id: taskId });
    return taskId;
  };

  const statuses = ['succeeded', 'succeeded', 'failed', 'cancelled', 'succeeded'];
  let curveTaskId = '';
  for (let number = 0; number < EXPERIMENTS; number++) {
    const experimentId = id();
    const waits = number === 0;
    const status = waits ? 'queued' : (statuses[number % statuses.length] ?? 'succeeded');
    insert('experiments', {
      id: experimentId,
      name: `bench ${number}`,
      method: 'rlcd',
      principle_id: principleId,
      principle_version_id: versionId,
      prompt_set_id: promptSetId,
      base_model_id: baseModelId,
      seed: number,
      hyperparameters: '{}',
      shards: waits ? waiting : 1,
      status,
      created_at: now,
    });
    for (const [position, { name, kind }] of rules.entries()) {
      const stageId = id();
      const first = position === 0;
      insert('stages', {
        id: stageId,
        experiment_id: experimentId,
        position,
        name,
        kind,
        status: waits ? (first ? 'running' : 'waiting') : 'succeeded',
        plan: '{"parameters":{},"prompts":null}',
      });
      if (!first) continue;
      if (!waits) curveTaskId = addTask(experimentId, stageId, 0, 'succeeded');
      else for (let shard = 0; shard < waiting; shard++) addTask(experimentId, stageId, shard, 'queued');
    }
  }
  for (let curve = 0; curve < CURVES; curve++) {
    for (let window = 0; window * WINDOW_STEPS < CURVE_POINTS; window++) {
      const first = window * WINDOW_STEPS;
      const length = Math.min(WINDOW_STEPS, CURVE_POINTS - first);
      const points = Array.from({ length }, (_, index): MetricPoint => [
        first + index,
        uniform(1, curve, first + index),
      ]);
      insert('metric_chunks', {
        task_id: curveTaskId,
        name: `${METRIC}-${curve}`,
        window,
        count: length,
        buckets: JSON.stringify(bucketsOf(points)),
        points: JSON.stringify(points),
      });
    }
  }
  database.exec('COMMIT');

  database.close();
  return { baseModelId, curveTaskId };
}

/** The body of a claim of a round's tasks by a runner that has just started. */
export function claimBody(round: number): string {
  const runner = {
    id: randomUUID(),
    name: 'bench',
    engineVersion: engineOf(round),
    device: { processor: 'bench' },
  };
  return JSON.stringify({ claimId: randomUUID(), runner });
}
