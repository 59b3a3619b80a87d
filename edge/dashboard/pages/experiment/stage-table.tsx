/** A line for each stage: its state, what is done, how long it waited and worked, when it ends, why it stands still. */
import { Index, Show } from 'solid-js';
import { now } from '../../app/clock.ts';
import type { Stage } from '../../app/types.ts';
import { Meter } from '../../components/meter.tsx';
import { Status } from '../../components/status.tsx';
import { clock, count, dateTime, duration, percent } from '../../text/format.ts';
import { stateOf, whyOf } from './stage-state.ts';
import { endsOf, timesOf } from './stage-times.ts';

export function StageTable(props: { readonly stages: readonly Stage[] }) {
  const ends = () => endsOf(props.stages, now()).ends;
  return (
    <div class="scroll" tabindex="0" role="region" aria-label="Progress of the stages">
      <table class="cards">
        <thead>
          <tr>
            <th scope="col">Stage</th>
            <th scope="col">State</th>
            <th scope="col">Progress</th>
            <th scope="col">Done</th>
            <th scope="col" class="number" title="Until a runner took it">
              Waited
            </th>
            <th scope="col" class="number" title="Time of runners, over all its tasks">
              Worked
            </th>
            <th scope="col">Ends</th>
            <th scope="col" class="number">
              Attempts
            </th>
            <th scope="col">Why it waits</th>
          </tr>
        </thead>
        <tbody>
          <Index each={props.stages}>
            {(stage, place) => <StageRow stage={stage()} endsAt={ends()[place] ?? null} />}
          </Index>
        </tbody>
      </table>
    </div>
  );
}

function StageRow(props: { readonly stage: Stage; readonly endsAt: number | null }) {
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
  const times = () => timesOf(props.stage, now());
  return (
    <tr>
      <th scope="row">{props.stage.name}</th>
      <td data-label="State">
        <Status status={stateOf(props.stage)} />
      </td>
      <td data-label="Progress">
        <span class="progress">
          <Meter share={props.stage.progress} label={`Progress of ${props.stage.name}`} />
          <span class="tiny muted">{percent(props.stage.progress, 0)}</span>
        </span>
      </td>
      <td data-label="Done" class="nowrap">
        {done()}
      </td>
      <td data-label="Waited" class="number muted">
        {secondsText(times().waited)}
      </td>
      <td data-label="Worked" class="number">
        {secondsText(times().worked)}
      </td>
      <td data-label="Ends" class="nowrap">
        <Show when={props.endsAt}>
          {(endsAt) => (
            <time
              title={`by ${props.stage.plannedSeconds === null ? 'its own pace' : 'plan and pace'}, ${dateTime(endsAt())}`}
            >
              {clock(endsAt(), now())}
            </time>
          )}
        </Show>
      </td>
      <td data-label="Attempts" class="number">
        {attempts()}
      </td>
      <td data-label="Why it waits">{whyOf(props.stage)}</td>
    </tr>
  );
}

const secondsText = (seconds: number | undefined) => (seconds === undefined ? '–' : duration(seconds));
