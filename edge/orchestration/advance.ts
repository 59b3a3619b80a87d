/** Moves experiments on: takes the planner's steps and writes them in one batch each. */
import { ENGINE_VERSION } from '../../shared/engine-version.ts';
import { commit, type Database, type Statement } from '../store/database.ts';
import {
  endExperiment,
  findUnplanned,
  isOutdatedPlan,
  loadExperiment,
  logExperimentEvent,
  markPlanned,
  raiseIfEnded,
  setStageStatus,
} from '../store/experiments.ts';
import { createIdentifier } from '../store/identifier.ts';
import { findByKeys, insertTasks, type NewTask } from '../store/tasks.ts';
import { depthOf, METHOD_STAGES } from '../../shared/method-stages.ts';
import type { ExperimentState, PlannedTask, StageState } from '../domain/experiment.ts';
import { nextStep, type Step } from '../domain/plan.ts';
import { taskKey } from '../domain/task-key.ts';

/** Deeper stages are taken first, and of equal depth the one that stands first in the table. */
const FIRST_PRIORITY = 100;
const EXPERIMENTS_A_SWEEP = 50;

interface Plan {
  readonly statements: Statement[];
  /** Whether a task that is shared was already begun by another experiment. */
  readonly begun: boolean;
  /** Whether every stage has succeeded. */
  readonly succeeded: boolean;
}

function withStage(experiment: ExperimentState, stage: StageState): ExperimentState {
  return {
    ...experiment,
    stages: experiment.stages.map((present) => (present.id === stage.id ? stage : present)),
  };
}

async function begin(
  database: Database,
  experiment: ExperimentState,
  { stage, tasks }: Extract<Step, { kind: 'begin' }>,
  now: number,
) {
  const priority = FIRST_PRIORITY - depthOf(METHOD_STAGES[experiment.method], stage.name);
  const planned = tasks.map((specification): NewTask => ({
    id: createIdentifier(now),
    contentKey: taskKey(specification, ENGINE_VERSION),
    specification,
    engineVersion: ENGINE_VERSION,
    experimentId: experiment.id,
    stage: stage.name,
    priority,
  }));
  const known = await findByKeys(
    database,
    planned.map(({ contentKey }) => contentKey),
  );
  const linked = planned.map(({ id, contentKey }) => {
    const same = known.find((task) => task.contentKey === contentKey);
    const ended = same?.status === 'failed' || same?.status === 'cancelled';
    const task: PlannedTask =
      same && !ended ? same : { id: same?.id ?? id, status: 'queued', outputs: [], failure: null };
    return { contentKey, task };
  });
  const reused = linked.filter(({ task }) => task.status === 'succeeded').length;
  return {
    statements: [
      setStageStatus(database, stage.id, 'running', null, now),
      ...insertTasks(database, stage.id, planned, now),
      logExperimentEvent(
        database,
        experiment.id,
        'stage-started',
        { stage: stage.name, tasks: tasks.length, reused },
        now,
      ),
    ],
    assumed: linked.map(({ contentKey, task }) => ({ contentKey, status: task.status })),
    stage: { ...stage, status: 'running' as const, tasks: linked.map(({ task }) => task) },
    begun: linked.some(({ task }) => task.status !== 'queued'),
  };
}

/** Every statement that follows from a state, as far as it goes without a runner. */
export async function planExperiment(database: Database, start: ExperimentState, now: number): Promise<Plan> {
  let experiment = start;
  let begun = false;
  const statements: Statement[] = [];
  const assumed: { contentKey: string; status: string }[] = [];
  for (let step = nextStep(experiment); step; step = nextStep(experiment)) {
    const { stage } = step;
    if (step.kind === 'begin') {
      const result = await begin(database, experiment, step, now);
      statements.push(...result.statements);
      assumed.push(...result.assumed);
      begun ||= result.begun;
      experiment = withStage(experiment, result.stage);
    } else if (step.kind === 'succeed') {
      statements.push(
        setStageStatus(database, stage.id, 'succeeded', null, now),
        logExperimentEvent(database, experiment.id, 'stage-succeeded', { stage: stage.name }, now),
      );
      experiment = withStage(experiment, { ...stage, status: 'succeeded' });
    } else {
      const { reason } = step;
      statements.push(
        setStageStatus(database, stage.id, 'failed', reason, now),
        logExperimentEvent(database, experiment.id, 'stage-failed', { stage: stage.name, reason }, now),
        ...endExperiment(database, experiment.id, 'failed', `${stage.name}: ${reason}`, now),
      );
      return { statements, begun, succeeded: false };
    }
  }
  const succeeded = experiment.stages.every(({ status }) => status === 'succeeded');
  if (succeeded) {
    statements.push(...endExperiment(database, experiment.id, 'succeeded', null, now));
  }
  if (assumed.length > 0) statements.push(raiseIfEnded(database, experiment.id, assumed));
  return { statements, begun, succeeded };
}

/** Does what has become possible for an experiment; nothing where it has ended. */
async function advance(database: Database, experimentId: string, now: number): Promise<void> {
  for (;;) {
    const loaded = await loadExperiment(database, experimentId);
    // Another planner may have been first: two tasks of an experiment end at once.
    if (!loaded || loaded.plannedRevision >= loaded.revision) return;
    const open = loaded.status === 'queued' || loaded.status === 'running';
    const { statements } = open ? await planExperiment(database, loaded.state, now) : { statements: [] };
    try {
      await commit(database, [markPlanned(database, loaded), ...statements]);
      return;
    } catch (error) {
      // Another task of the experiment ended meanwhile: each such round is progress of somebody else.
      if (!isOutdatedPlan(error)) throw error;
    }
  }
}

/** Advances every experiment that has something to look at. @returns how many */
export async function advanceUnplanned(database: Database, now: number): Promise<number> {
  const ids = await findUnplanned(database, EXPERIMENTS_A_SWEEP);
  for (const id of ids) await advance(database, id, now);
  return ids.length;
}
