/** Follows an experiment until it ends, and tells what each stage is doing. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '../../shared/api/client.ts';
import { NO_RUNNER_ALIVE } from '../../shared/api/tasks.ts';
import { ChildEndedError, type Child } from '../processes/child.ts';
import {
  stageEnds,
  stageEndsByWeight,
  type PlannedSeconds,
  type StageState,
} from '../../shared/planner/stage-ends.ts';
import type { OverallView } from '../terminal/progress.ts';
import type { StageView } from '../terminal/stage-lines.ts';
import type { ExperimentDetail, Stage } from './detail.ts';
import { liveFigures } from './live-figures.ts';
import { UserError } from '../../shared/user-error.ts';

const ASK_EVERY_MILLISECONDS = 500;

/** The experiment did not succeed; the message has the reason and the cure that the edge knows. */
class ExperimentFailedError extends UserError {
  override readonly name = 'ExperimentFailedError';
  override readonly code = 'experiment-failed';
}

/** A stage of another experiment of the run. */
export interface EndedStage {
  readonly name: string;
  /** Seconds that runners worked at it. */
  readonly worked: number;
  /** What it found. */
  readonly detail: string;
}

interface FollowOptions {
  readonly client: Client;
  readonly experimentId: string;
  /** Processes without which it would never end. */
  readonly children: readonly Child[];
  readonly signal: AbortSignal;
  /** How long each stage was planned to take; left out, their weights and their pace tell. */
  readonly planned?: PlannedSeconds;
  /** What stages are called where it is not their own name, in the plan as well. */
  readonly names?: Readonly<Record<string, string>>;
  /** Stages of the same run that ended before this experiment was begun. */
  readonly before?: readonly EndedStage[];
  /** Names of those that come after it. */
  readonly after?: readonly string[];
  readonly onChange: (stages: readonly StageView[], overall?: OverallView) => void;
}

/**
 * @returns the experiment when it has succeeded
 * @throws ExperimentFailedError, ChildEndedError where a process has gone, the signal's reason
 */
export async function follow(options: FollowOptions): Promise<ExperimentDetail> {
  const { client, children, signal } = options;
  for (;;) {
    signal.throwIfAborted();
    requireAlive(children);
    const experiment = await look(options);
    if (experiment.status === 'succeeded') return experiment;
    if (experiment.status === 'failed' || experiment.status === 'cancelled') {
      throw new ExperimentFailedError(await whyFailed(client, experiment));
    }
    await sleep(ASK_EVERY_MILLISECONDS, undefined, { signal });
  }
}

/** @throws ChildEndedError with the end of the log of one that has gone */
function requireAlive(children: readonly Child[]): void {
  for (const child of children) {
    const exit = child.exit();
    if (exit) throw new ChildEndedError(child, exit);
  }
}

/** Asks once, and shows the answer. */
async function look({
  client,
  experimentId,
  children,
  planned,
  names = {},
  before = [],
  after = [],
  onChange,
}: FollowOptions): Promise<ExperimentDetail> {
  try {
    const experiment = await client.getExperiment({ parameters: { experimentId } });
    const live = experiment.stages.map(async (stage) => ({
      ...stateOf(stage, names[stage.name] ?? stage.name),
      detail: await detailOf(client, stage),
    }));
    const shown = [...before.map(ended), ...(await Promise.all(live)), ...after.map(toCome)];
    const isWhole = shown.length === experiment.stages.length;
    const weights = Object.fromEntries(experiment.stages.map(({ name, weight }) => [name, weight]));
    // Stages of other experiments have weights of their own, which say nothing beside these.
    const { ends, share, end } =
      planned === undefined && isWhole
        ? stageEndsByWeight(shown, weights, Date.now())
        : stageEnds(shown, planned, Date.now());
    const views = shown.map(({ name, status, share: own, detail, begun, worked }, index) => {
      const endsAt = ends[index] ?? null;
      return { name, status, share: own, detail, seconds: begun ? worked : undefined, endsAt };
    });
    onChange(views, share === null ? undefined : { share, endsAt: end });
    return experiment;
  } catch (error) {
    // Why nothing answers says more than that nothing does.
    requireAlive(children);
    throw error;
  }
}

type Shown = StageState & Pick<StageView, 'detail'> & { readonly begun: boolean };

const ended = (stage: EndedStage): Shown => ({
  ...stage,
  status: 'succeeded',
  share: 1,
  runners: 0,
  begun: true,
});

const toCome = (name: string): Shown => ({
  name,
  status: 'waiting',
  share: 0,
  worked: 0,
  runners: 0,
  begun: false,
  detail: '',
});

const stateOf = ({ status, progress: share, startedAt, runnerSeconds, tasks }: Stage, name: string) => ({
  name,
  status,
  share,
  worked: runnerSeconds,
  runners: tasks.filter((task) => task.status === 'leased').length,
  begun: startedAt !== null,
});

/** Counts and figures; empty for a stage that waits. */
async function detailOf(client: Client, stage: Stage): Promise<string> {
  if (stage.status === 'waiting') return '';
  return [counts(stage), await liveFigures(client, stage)].filter(Boolean).join('  ');
}

/** What the stage's tasks have done together. */
function counts({ tasks }: Stage): string {
  const reports = tasks.flatMap(({ progress }) => progress ?? []);
  const [first] = reports;
  if (!first) {
    const why = tasks.find(({ waitsFor }) => waitsFor !== null)?.waitsFor ?? '';
    // The command's own runner lives, or it would have been told: the edge has not heard of it yet.
    return why === NO_RUNNER_ALIVE ? 'the runner starts' : why;
  }
  const done = reports.reduce((sum, progress) => sum + progress.done, 0);
  const total = reports.reduce((sum, progress) => sum + progress.total, 0);
  const said = reports.flatMap(({ message }) => message ?? []);
  return [`${Math.floor(done)}/${total} ${first.unit}`, ...said].join('  ');
}

async function whyFailed(client: Client, experiment: ExperimentDetail): Promise<string> {
  const lines = [`the experiment ${experiment.name} ${experiment.status}: ${experiment.statusReason ?? ''}`];
  for (const task of experiment.stages.flatMap(({ tasks }) => tasks)) {
    if (task.status !== 'failed') continue;
    const { failures } = await client.getTask({ parameters: { taskId: task.id } });
    const last = failures.at(-1);
    if (!last) continue;
    lines.push(`  ${task.stage}: ${last.code}: ${last.message}`);
    if (last.cure !== null) lines.push(`  cure: ${last.cure}`);
  }
  return lines.join('\n');
}
