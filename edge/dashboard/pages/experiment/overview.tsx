/** What an experiment is doing: verdicts, what was measured beside them, answers before and after, and its stages, out of the way once they are done. */
import { useQuery } from '@tanstack/solid-query';
import { For, Show } from 'solid-js';
import { useSession } from '../../app/session.ts';
import type { ExperimentDetail } from '../../app/types.ts';
import { Cost } from './cost.tsx';
import { Exams } from './exams.tsx';
import { FirstAnswers } from './first-answers.tsx';
import { FrontierTable, TrajectoryTable } from './beside-base-tables.tsx';
import { StageGraph } from './stage-graph.tsx';
import { StageTable } from './stage-table.tsx';
import { UseModel } from './use-model.tsx';
import { Verdicts } from './verdicts.tsx';

export function Overview(props: { readonly experiment: ExperimentDetail }) {
  return (
    <div class="stack">
      <Verdicts experiment={props.experiment} />
      <FrontierTable experiment={props.experiment} />
      <TrajectoryTable experiment={props.experiment} />
      <Exams experiment={props.experiment} />
      <FirstAnswers experiment={props.experiment} />
      <UseModel experiment={props.experiment} />
      <details class="panel" open={props.experiment.status !== 'succeeded'}>
        <summary>
          Stages <span class="small muted">{progressOf(props.experiment)}</span>
        </summary>
        <div class="stack">
          <StageGraph stages={props.experiment.stages} />
          <StageTable stages={props.experiment.stages} />
          <For
            each={props.experiment.stages
              .flatMap(({ tasks }) => tasks)
              .filter(({ attempts }) => attempts > 1)}
          >
            {(task) => <Failures taskId={task.id} stage={task.stage} />}
          </For>
        </div>
      </details>
      <Cost cost={props.experiment.cost} />
    </div>
  );
}

function progressOf({ stages }: ExperimentDetail): string {
  const done = stages.filter(({ status }) => status === 'succeeded').length;
  return `${done} of ${stages.length} done`;
}

function Failures(props: { readonly taskId: string; readonly stage: string }) {
  const { client } = useSession();
  const task = useQuery(() => ({
    queryKey: ['task', props.taskId, 'detail'],
    queryFn: () => client.getTask({ parameters: { taskId: props.taskId } }),
  }));
  return (
    <Show when={task.isSuccess && (task.data?.failures.length ?? 0) > 0}>
      <div class="notice warn">
        <strong>{props.stage}: earlier attempts</strong>
        <ul>
          <For each={task.data?.failures}>
            {(failure) => (
              <li>
                <code>{failure.code}</code> {failure.message} <span class="muted">{failure.cure ?? ''}</span>
              </li>
            )}
          </For>
        </ul>
      </div>
    </Show>
  );
}
