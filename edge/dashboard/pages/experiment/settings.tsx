/** What the experiment was asked to do, complete, and the command that repeats it. */
import { For } from 'solid-js';
import type { ExperimentDetail } from '../../app/types.ts';
import { CopyButton } from '../../components/copy-button.tsx';
import { repeatCommand } from './request-of.ts';

export function Settings(props: { readonly experiment: ExperimentDetail }) {
  const command = () => repeatCommand(props.experiment, location.origin);
  return (
    <div class="stack">
      <section class="panel stack close">
        <div class="row apart">
          <h2>Repeat it</h2>
          <CopyButton text={command()} label="Copy the command" />
        </div>
        <pre tabindex="0" aria-label="Command">
          {command()}
        </pre>
      </section>
      <section class="stack close">
        <h2>Parameters, with defaults</h2>
        <div class="columns">
          <For each={props.experiment.stages}>
            {(stage) => (
              <div class="panel">
                <h3>{stage.name}</h3>
                <dl class="parameters">
                  <For each={Object.entries(stage.parameters)}>
                    {([name, value]) => (
                      <div>
                        <dt>{name}</dt>
                        <dd>{typeof value === 'string' ? value : JSON.stringify(value)}</dd>
                      </div>
                    )}
                  </For>
                </dl>
              </div>
            )}
          </For>
        </div>
      </section>
    </div>
  );
}
