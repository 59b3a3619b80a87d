/** Follows many experiments until all have succeeded. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '../../../shared/api/client.ts';
import type { ExperimentDetail } from '../../experiment/detail.ts';
import { follow } from '../../experiment/follow.ts';
import { ChildEndedError, type Child } from '../../processes/child.ts';
import type { OverallView } from '../../terminal/progress.ts';
import type { StageView } from '../../terminal/stage-lines.ts';
import { ComparisonShare, type WeighedStage } from './comparison-share.ts';

const ASK_EVERY_MILLISECONDS = 2000;

interface FollowAllOptions {
  readonly client: Client;
  readonly experimentIds: readonly string[];
  /** Processes without which they would never end. */
  readonly children: readonly Child[];
  readonly signal: AbortSignal;
  /** What each of their stages weighs. */
  readonly weighed: readonly WeighedStage[];
  /** One view an experiment, in the order given. */
  readonly onChange: (experiments: readonly StageView[], overall?: OverallView) => void;
}

/**
 * @throws ExperimentFailedError with the reason of the first that failed, ChildEndedError, the signal's reason
 */
export async function followAll(options: FollowAllOptions): Promise<void> {
  const { client, experimentIds, children, signal, weighed, onChange } = options;
  const ended = new Map<string, StageView>();
  const comparison = new ComparisonShare(weighed);
  const shares = new Map<string, number>();
  for (;;) {
    signal.throwIfAborted();
    for (const child of children) {
      const exit = child.exit();
      if (exit) throw new ChildEndedError(child, exit);
    }
    const views: StageView[] = [];
    for (const experimentId of experimentIds) {
      const known = ended.get(experimentId);
      if (known) {
        views.push(known);
        continue;
      }
      const experiment = await client.getExperiment({ parameters: { experimentId } });
      if (experiment.status === 'failed' || experiment.status === 'cancelled') {
        // Asked once more by the one that knows how to tell why.
        await follow({ client, experimentId, children, signal, onChange: () => {} });
      }
      for (const { name, progress } of experiment.stages) shares.set(`${views.length} ${name}`, progress);
      const view = viewOf(experiment);
      if (experiment.status === 'succeeded') ended.set(experimentId, view);
      views.push(view);
    }
    onChange(
      views,
      comparison.at((experiment, stage) => shares.get(`${experiment} ${stage}`) ?? 0, Date.now()),
    );
    if (ended.size === experimentIds.length) return;
    await sleep(ASK_EVERY_MILLISECONDS, undefined, { signal });
  }
}

function viewOf({ method, seed, status, progress, runnerSeconds, stages }: ExperimentDetail): StageView {
  const active = stages.filter((stage) => stage.status === 'running');
  const isWorking = active.some(({ tasks }) => tasks.some((task) => task.status === 'leased'));
  const shownStatus =
    status === 'queued' || (status === 'running' && !isWorking && progress === 0) ? 'waiting' : status;
  return {
    name: `${method} ${seed}`,
    status: shownStatus,
    share: progress,
    detail: active.map(({ name, progress: share }) => `${name} ${Math.round(share * 100)} %`).join(', '),
    seconds: shownStatus === 'waiting' ? undefined : runnerSeconds,
  };
}
