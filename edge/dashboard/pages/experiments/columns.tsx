/** The columns of the table of experiments: what each shows, how it sorts, and what makes two rows differ. */
import { A } from '@solidjs/router';
import { Show, type JSX } from 'solid-js';
import { now } from '../../app/clock.ts';
import type { Experiment } from '../../app/types.ts';
import { Meter } from '../../components/meter.tsx';
import { Status } from '../../components/status.tsx';
import { WinRate } from '../../components/win-rate.tsx';
import { ago, dateTime, duration, percent } from '../../text/format.ts';
import { visibleName } from '../../text/visible-text.ts';

export interface Column {
  readonly id: string;
  readonly label: string;
  readonly number?: true;
  /** What it sorts by; undefined sorts last. */
  readonly key: (row: Experiment) => string | number | undefined;
  readonly cell: (row: Experiment, baseline: Experiment | undefined) => JSX.Element;
  /** Hidden by "only columns that differ" where all rows are equal. */
  readonly setting?: true;
}

function Difference(props: { readonly row: Experiment; readonly baseline: Experiment | undefined }) {
  const difference = () => {
    const [own, other] = [props.row.verdicts[0], props.baseline?.verdicts[0]];
    if (!own || !other || own.judge !== other.judge || props.row.id === props.baseline?.id) return undefined;
    return own.winRate - other.winRate;
  };
  return (
    <Show when={difference()}>
      {(value) => (
        <span class="tiny muted nowrap" title="points against the pinned baseline">
          {value() > 0 ? '+' : '−'}
          {Math.abs(100 * value()).toFixed(1)} pts
        </span>
      )}
    </Show>
  );
}

export const COLUMNS: readonly Column[] = [
  {
    id: 'name',
    label: 'Experiment',
    key: ({ name }) => name,
    cell: (row) => (
      <A class="name" href={`/experiments/${row.id}`}>
        {visibleName(row.name)}
      </A>
    ),
  },
  {
    id: 'status',
    label: 'State',
    key: ({ status }) => status,
    cell: ({ status }) => <Status status={status} />,
  },
  {
    id: 'progress',
    label: 'Progress',
    key: ({ progress }) => progress,
    cell: (row) => (
      <span class="progress">
        <Meter share={row.progress} label={`Progress of ${visibleName(row.name)}`} />
        <span class="tiny muted">{percent(row.progress, 0)}</span>
      </span>
    ),
  },
  {
    id: 'winRate',
    label: 'Win over base',
    key: ({ verdicts }) => verdicts[0]?.winRate,
    cell: (row, baseline) => (
      <Show when={row.verdicts[0]} fallback={<span class="muted">–</span>}>
        {(verdict) => (
          <span class="lines">
            <WinRate rate={verdict().winRate} interval={verdict().interval} n={verdict().n} />
            <Difference row={row} baseline={baseline} />
          </span>
        )}
      </Show>
    ),
  },
  {
    id: 'method',
    label: 'Method, principle',
    setting: true,
    key: ({ method, principle }) =>
      `${method} ${principle.name} ${String(principle.version).padStart(6, '0')}`,
    cell: ({ method, principle }) => (
      <span class="lines">
        <span class="tag">{method}</span>
        <A class="tiny" href={`/principles/${principle.name}`}>
          {principle.name} v{principle.version}
        </A>
      </span>
    ),
  },
  {
    id: 'seed',
    label: 'Seed',
    number: true,
    setting: true,
    key: ({ seed }) => seed,
    cell: ({ seed }) => seed,
  },
  {
    id: 'cost',
    label: 'Runner time',
    number: true,
    key: ({ runnerSeconds }) => runnerSeconds,
    cell: ({ runnerSeconds }) => duration(runnerSeconds),
  },
  {
    id: 'created',
    label: 'Made',
    key: ({ createdAt }) => createdAt,
    cell: ({ createdAt }) => <time title={dateTime(createdAt)}>{ago(createdAt, now())}</time>,
  },
  {
    id: 'baseModel',
    label: 'Model',
    setting: true,
    key: ({ baseModel, promptSet }) => `${baseModel.name} ${promptSet.name}`,
    cell: ({ baseModel, promptSet }) => (
      <span class="lines" title={`${baseModel.name}, ${promptSet.name}`}>
        <span class="cut">{baseModel.name}</span>
        <span class="cut tiny muted">{promptSet.name}</span>
      </span>
    ),
  },
];

/** Columns that tell rows apart: of the settings, only those that differ between the rows. */
export function differingColumns(rows: readonly Experiment[]): readonly Column[] {
  const [first] = rows;
  return COLUMNS.filter(
    ({ setting, key }) => !setting || !first || rows.some((row) => key(row) !== key(first)),
  );
}
