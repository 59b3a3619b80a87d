/** The settings of several experiments beside each other; those that differ alone, unless all are wanted. */
import { createMemo, createSignal, For } from 'solid-js';
import type { Read } from './read-experiments.ts';
import { lackedStages, settingsOf } from './settings.ts';

export function SettingsTable(props: { readonly experiments: readonly Read[] }) {
  const [all, setAll] = createSignal(false);
  const details = createMemo(() => props.experiments.map(({ detail }) => detail));
  const settings = createMemo(() => settingsOf(details()));
  const shown = () => settings().filter(({ differs }) => all() || differs);
  return (
    <section class="stack close">
      <div class="row apart">
        <h2>Settings</h2>
        <label class="check">
          <input
            type="checkbox"
            checked={!all()}
            onChange={(event) => setAll(!event.currentTarget.checked)}
          />
          Only settings that differ
        </label>
      </div>
      <div class="panel flush scroll" tabindex="0" role="region" aria-label="Settings">
        <table class="cards">
          <thead>
            <tr>
              <th scope="col">Setting</th>
              <For each={props.experiments}>{({ name }) => <th scope="col">{name}</th>}</For>
            </tr>
          </thead>
          <tbody>
            <For
              each={shown()}
              fallback={
                <tr>
                  <td class="muted">No setting differs.</td>
                </tr>
              }
            >
              {({ name, values }) => (
                <tr>
                  <th scope="row">{name}</th>
                  <For each={values}>
                    {(value, index) => <td data-label={props.experiments[index()]?.name}>{value ?? '–'}</td>}
                  </For>
                </tr>
              )}
            </For>
          </tbody>
        </table>
      </div>
      <For each={lackedStages(details())}>
        {({ experiment, stages }) => (
          <p class="small muted">
            {experiment.name} has none of the settings of {stages.join(', ')}: its method has no such stage.
          </p>
        )}
      </For>
    </section>
  );
}
