/** Compare: any number of experiments, their win rates against each other, what differs, and what they wrote. */
import { useSearchParams } from '@solidjs/router';
import { createMemo, For, Show } from 'solid-js';
import { ExperimentPicker, useNewestExperiments } from '../../components/experiment-picker.tsx';
import { Empty, Loaded } from '../../components/feedback.tsx';
import { Missing } from '../../components/missing.tsx';
import { PageHeading } from '../../components/page-heading.tsx';
import { distinctNames } from '../../text/distinct-names.ts';
import { Beside } from './beside.tsx';
import { ComparedCurves } from './compared-curves.tsx';
import { judgesOf, systemsOf } from './matrix.ts';
import { MatrixTable } from './matrix-table.tsx';
import { thoseThere, useReadExperiments, type Read } from './read-experiments.ts';
import { SettingsTable } from './settings-table.tsx';

/** What is open, as it stands in the address. */
type Opened = Record<'judge' | 'length' | 'row' | 'column', string>;

export default function ComparePage() {
  const [parameters, setParameters] = useSearchParams<{ ids: string }>();
  const newest = useNewestExperiments();
  const ids = createMemo(() => (parameters.ids ?? '').split(',').filter(Boolean));
  const set = (next: readonly string[]) => setParameters({ ids: next.join(',') }, { replace: true });
  const names = createMemo(() => {
    const found = newest.isSuccess ? newest.data : [];
    const distinct = distinctNames(found);
    return new Map(found.map(({ id }, index) => [id, distinct[index]]));
  });
  const nameOf = (id: string) => names().get(id) ?? id;
  const read = useReadExperiments(ids);
  const noneIsThere = () =>
    ids().length > 0 && read.isSuccess && read.data.every(({ detail }) => detail === undefined);
  return (
    <Show
      when={!noneIsThere()}
      fallback={<Missing what="experiment" href="/compare" all="Choose what to compare" />}
    >
      <div class="stack">
        <PageHeading text="Compare" />
        <div class="row end">
          <ExperimentPicker
            value={undefined}
            label="Add an experiment"
            only={({ id, method }) => method !== 'base' && !ids().includes(id)}
            onChoose={(id) => set([...ids(), id])}
          />
        </div>
        <Show when={ids().length > 0}>
          <ul class="row" aria-label="Compared experiments">
            <For each={ids()}>
              {(id) => (
                <li>
                  <button
                    type="button"
                    class="button small"
                    aria-label={`Leave out ${nameOf(id)}`}
                    onClick={() => set(ids().filter((other) => other !== id))}
                  >
                    {nameOf(id)} <span aria-hidden="true">×</span>
                  </button>
                </li>
              )}
            </For>
          </ul>
        </Show>
        <Show
          when={ids().length > 0}
          fallback={
            <Empty title="Choose what to compare">
              Every experiment is compared with its base model; several, with each other too.
            </Empty>
          }
        >
          <Loaded query={read} what="comparisons">
            {(found) => (
              <>
                <For each={found().filter(({ detail }) => detail === undefined)}>
                  {({ id }) => (
                    <p class="notice warn anywhere">
                      No experiment is called {id}: it may be mistyped or deleted, and is left out.
                    </p>
                  )}
                </For>
                <Comparison experiments={thoseThere(found())} />
              </>
            )}
          </Loaded>
        </Show>
      </div>
    </Show>
  );
}

function Comparison(props: { readonly experiments: readonly Read[] }) {
  const [parameters, setParameters] = useSearchParams<Opened>();
  const set = (change: Partial<Opened>) => setParameters(change, { replace: true });
  const lengthControlled = () => parameters.length === 'equal';
  // A base experiment is the base model, which stands in the matrix already.
  const aligned = createMemo(() => props.experiments.filter(({ detail }) => detail.method !== 'base'));
  const judges = createMemo(() => judgesOf(aligned()));
  const judge = () =>
    judges().find((name) => name === parameters.judge) ??
    judges().find((name) => name !== 'people') ??
    judges()[0];
  const opened = createMemo(() => {
    const name = judge();
    if (name === undefined) return undefined;
    const systems = systemsOf(aligned(), name);
    const [row, column] = [parameters.row, parameters.column].map((id) =>
      systems.find((system) => system.id === id),
    );
    return row && column ? { row, column } : undefined;
  });
  return (
    <div class="stack">
      <Show
        when={judge()}
        fallback={
          <p class="notice">
            {aligned().length === 0
              ? 'The base model is what others are compared with: add an experiment that aligns it.'
              : 'No judge has compared these yet: the stage judge, or people on the page Label, do.'}
          </p>
        }
      >
        {(name) => (
          <section class="stack close">
            <div class="row apart">
              <h2>Win rates</h2>
              <div class="row">
                <label class="check">
                  <input
                    type="checkbox"
                    checked={lengthControlled()}
                    onChange={(event) => set({ length: event.currentTarget.checked ? 'equal' : '' })}
                  />
                  At equal length
                </label>
                <label class="row">
                  <span class="small muted">Judge</span>
                  <select value={name()} onChange={(event) => set({ judge: event.currentTarget.value })}>
                    <For each={judges()}>
                      {(option) => (
                        <option value={option} selected={option === name()}>
                          {option}
                        </option>
                      )}
                    </For>
                  </select>
                </label>
              </div>
            </div>
            <MatrixTable
              experiments={aligned()}
              judge={name()}
              lengthControlled={lengthControlled()}
              onOpen={(row, column) => set({ row, column })}
            />
          </section>
        )}
      </Show>
      <Show when={opened()}>{(pair) => <Beside row={pair().row} column={pair().column} />}</Show>
      <ComparedCurves experiments={props.experiments} />
      <SettingsTable experiments={props.experiments} />
    </div>
  );
}
