/** What an experiment is doing: verdicts, the graph, and a line for each stage with why it waits or failed. */
import { useQuery } from '@tanstack/solid-query';
import { For, Show } from 'solid-js';
import { now } from '../../app/clock.ts';
import { useSession } from '../../app/session.ts';
import type { ExperimentDetail, Stage } from '../../app/types.ts';
import { Meter } from '../../components/meter.tsx';
import { Status } from '../../components/status.tsx';
import { count, duration, percent } from '../../text/format.ts';
import { Cost } from './cost.tsx';
import { StageGraph } from './stage-graph.tsx';
import { stateOf, whyOf } from './stage-state.ts';
import { UseModel } from './use-model.tsx';
import { Verdicts } from './verdicts.tsx';

export function Overview(props: { readonly experiment: ExperimentDetail }) {
  return (
    <div class="stack">
      <Verdicts experiment={props.experiment} />
      <UseModel experiment={props.experiment} />
      <section class="panel">
        <h2>Stages</h2>
        <StageGraph stages={props.experiment.stages} />
      </section>
      <div class="panel flush scroll" tabindex="0" role="region" aria-label="Progress of the stages">
        <table>
          <thead>
            <tr>
              <th scope="col">Stage</th>
              <th scope="col">State</th>
              <th scope="col">Progress</th>
              <th scope="col">Done</th>
              <th scope="col" class="number">
                Time
              </th>
              <th scope="col" class="number">
                Attempts
              </th>
              <th scope="col">Why it waits</th>
            </tr>
          </thead>
          <tbody>
            <For each={props.experiment.stages}>{(stage) => <StageRow stage={stage} />}</For>
          </tbody>
        </table>
      </div>
      <For
        each={props.experiment.stages.flatMap(({ tasks }) => tasks).filter(({ attempts }) => attempts > 1)}
      >
        {(task) => <Failures taskId={task.id} stage={task.stage} />}
      </For>
      <Cost cost={props.experiment.cost} />
    </div>
  );
}

function StageRow(props: { readonly stage: Stage }) {
  const done = () => {
    const reports = props.stage.tasks.flatMap(({ progress }) => progress ?? []);
    const [first] = reports;
    if (!first) return '';
    const sum = (key: 'done' | 'total') => reports.reduce((total, report) => total + report[key], 0);
    // The last report of a task comes before its end.
    if (props.stage.status === 'succeeded') return `${count(sum('total'))} ${first.unit}`;
    return `${count(sum('done'))} of ${count(sum('total'))} ${first.unit}`;
  };
  const attempts = () => props.stage.tasks.reduce((sum, task) => sum + task.attempts, 0);
  const seconds = () => {
    const { startedAt, finishedAt } = props.stage;
    // A stage starts when its tasks may be taken; until one is, it spends no time.
    if (startedAt === null || (finishedAt === null && attempts() === 0)) return undefined;
    return Math.max(0, (finishedAt ?? now()) - startedAt) / 1000;
  };
  return (
    <tr>
      <th scope="row">{props.stage.name}</th>
      <td>
        <Status status={stateOf(props.stage)} />
      </td>
      <td>
        <span class="progress">
          <Meter share={props.stage.progress} label={`Progress of ${props.stage.name}`} />
          <span class="tiny muted">{percent(props.stage.progress, 0)}</span>
        </span>
      </td>
      <td class="nowrap">{done()}</td>
      <td class="number">
        <Show when={seconds()} fallback="–">
          {(spent) => duration(spent())}
        </Show>
      </td>
      <td class="number">{attempts()}</td>
      <td>{whyOf(props.stage)}</td>
    </tr>
  );
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
