/** The settings of several experiments beside each other; those that differ alone, unless all are wanted. */
import { createMemo, createSignal, For } from 'solid-js';
import type { ExperimentDetail } from '../../app/types.ts';
import type { Read } from './read-experiments.ts';

/** Every setting by a name that people know from the API. */
function settingsOf(detail: ExperimentDetail): ReadonlyMap<string, string> {
  const { method, principle, promptSet, baseModel, simulator, seed, shards, stages } = detail;
  const text = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value));
  return new Map([
    ['method', method],
    ['principle', `${principle.name} v${principle.version}`],
    ['prompt set', promptSet.name],
    ['base model', baseModel.name],
    ['simulated by', (simulator ?? baseModel).name],
    ['seed', String(seed)],
    ['shards', String(shards)],
    ...stages.flatMap((stage) =>
      Object.entries(stage.parameters).map(([name, value]): [string, string] => [
        `${stage.name}: ${name}`,
        text(value),
      ]),
    ),
  ]);
}

export function SettingsTable(props: { readonly experiments: readonly Read[] }) {
  const [all, setAll] = createSignal(false);
  const settings = createMemo(() => props.experiments.map(({ detail }) => settingsOf(detail)));
  const names = createMemo(() => [...new Set(settings().flatMap((found) => Array.from(found.keys())))]);
  const differs = (name: string) => new Set(settings().map((found) => found.get(name))).size > 1;
  const shown = () => names().filter((name) => all() || differs(name));
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
        <table>
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
              {(name) => (
                <tr>
                  <th scope="row">{name}</th>
                  <For each={settings()}>{(found) => <td>{found.get(name) ?? '–'}</td>}</For>
                </tr>
              )}
            </For>
          </tbody>
        </table>
      </div>
    </section>
  );
}
