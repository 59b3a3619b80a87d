/** Experiments: all of them at a glance, filtered, sorted, compared. */
import { A, useSearchParams } from '@solidjs/router';
import { createMemo, createSignal, For, Show } from 'solid-js';
import { EXPERIMENT_STATUSES, METHODS } from '../../../../shared/api/words.ts';
import { Empty, Problem } from '../../components/feedback.tsx';
import { PageHeading } from '../../components/page-heading.tsx';
import { count } from '../../text/format.ts';
import { COLUMNS, differingColumns } from './columns.tsx';
import { createExperimentList } from './experiment-list.ts';
import { ExperimentsTable } from './experiments-table.tsx';
import { shownRows, type View } from './view.ts';

type Parameters = Record<'text' | 'method' | 'status' | 'principle' | 'sort' | 'order' | 'baseline', string>;

function Choice(props: {
  readonly label: string;
  readonly value: string;
  readonly choices: readonly string[];
  readonly onChange: (value: string) => void;
}) {
  return (
    <label class="field">
      <span>{props.label}</span>
      <select value={props.value} onChange={(event) => props.onChange(event.currentTarget.value)}>
        <option value="">all</option>
        <For each={props.choices}>{(choice) => <option value={choice}>{choice}</option>}</For>
      </select>
    </label>
  );
}

export default function ExperimentsPage() {
  const list = createExperimentList();
  const [parameters, setParameters] = useSearchParams<Parameters>();
  const set = (change: Partial<Parameters>) => setParameters(change, { replace: true });
  const [onlyDiffering, setOnlyDiffering] = createSignal(false);
  const [selected, setSelected] = createSignal<ReadonlySet<string>>(new Set());
  const view = createMemo((): View => ({
    text: parameters.text ?? '',
    method: parameters.method ?? '',
    status: parameters.status ?? '',
    principle: parameters.principle ?? '',
    sort: parameters.sort ?? 'created',
    descending: parameters.order !== 'ascending',
    baseline: parameters.baseline,
  }));
  const rows = createMemo(() => shownRows(list.rows(), view()));
  const baseline = () => list.rows().find(({ id }) => id === view().baseline);
  const principles = createMemo(() =>
    [...new Set(list.rows().map(({ principle }) => principle.name))].sort(),
  );
  const columns = createMemo(() => (onlyDiffering() ? differingColumns(rows()) : COLUMNS));
  const compareLink = () => {
    const pinned = baseline();
    const ids = new Set([...(pinned ? [pinned.id] : []), ...selected()]);
    return `/compare?ids=${[...ids].join(',')}`;
  };
  const select = (id: string, on: boolean) => {
    const next = new Set(selected());
    if (on) next.add(id);
    else next.delete(id);
    setSelected(next);
  };
  const sort = (id: string) =>
    set({ sort: id, order: view().sort === id && view().descending ? 'ascending' : 'descending' });

  return (
    <div class="stack">
      <div class="row apart">
        <PageHeading text="Experiments" />
        <div class="row">
          <span class="muted small" role="status">
            {count(rows().length)} of {count(list.rows().length)}
            {list.loading() ? ', reading more' : ''}
          </span>
          <Show
            when={selected().size > 0}
            fallback={
              <button class="button" disabled>
                Compare
              </button>
            }
          >
            <A class="button" href={compareLink()}>
              Compare {selected().size}
            </A>
          </Show>
          <A class="button primary" href="/experiments/new">
            New experiment
          </A>
        </div>
      </div>
      <form class="row end" role="search" onSubmit={(event) => event.preventDefault()}>
        <label class="field grow">
          <span>Search</span>
          <input
            type="search"
            value={view().text}
            placeholder="Name, method, principle, model, seed"
            onInput={(event) => set({ text: event.currentTarget.value })}
          />
        </label>
        <Choice
          label="State"
          value={view().status}
          choices={EXPERIMENT_STATUSES}
          onChange={(status) => set({ status })}
        />
        <Choice
          label="Method"
          value={view().method}
          choices={METHODS}
          onChange={(method) => set({ method })}
        />
        <Choice
          label="Principle"
          value={view().principle}
          choices={principles()}
          onChange={(principle) => set({ principle })}
        />
        <label class="check">
          <input
            type="checkbox"
            checked={onlyDiffering()}
            onChange={(event) => setOnlyDiffering(event.currentTarget.checked)}
          />
          Only columns that differ
        </label>
      </form>
      <Show when={list.error()}>{(error) => <Problem error={error()} onRetry={list.load} />}</Show>
      <Show when={list.ready()} fallback={<p class="loading">Reading experiments…</p>}>
        <Show
          when={rows().length > 0}
          fallback={
            <Empty title={list.rows().length === 0 ? 'No experiment yet' : 'No experiment matches'}>
              <p>
                {list.rows().length === 0 ? (
                  <>
                    <A href="/experiments/new">Make one</A>, here or by{' '}
                    <a href="/reference" rel="external">
                      the API
                    </a>
                    ; <code>npm run demo</code> makes two.
                  </>
                ) : (
                  'Change the search or the filters.'
                )}
              </p>
            </Empty>
          }
        >
          <ExperimentsTable
            rows={rows()}
            columns={columns()}
            sort={view().sort}
            descending={view().descending}
            onSort={sort}
            selected={selected()}
            onSelect={select}
            baseline={baseline()}
            onPin={(id) => set({ baseline: id ?? '' })}
          />
        </Show>
        <Show when={list.more() && !list.loading()}>
          <button type="button" class="button" onClick={list.load}>
            Read more
          </button>
        </Show>
      </Show>
    </div>
  );
}
