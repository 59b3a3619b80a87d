/** How the aligned model is used outside of this page, talked to in a terminal and taken to other programs; or when it can be. */
import { For, Show } from 'solid-js';
import type { ExperimentDetail } from '../../app/types.ts';
import { CopyButton } from '../../components/copy-button.tsx';
import { FORMS } from './export-forms.ts';
import { hasAdapter, isAligned, whatComes } from './taken-model.ts';

export function UseModel(props: { readonly experiment: ExperimentDetail }) {
  const asked = () => `${props.experiment.id} --edge ${location.origin}`;
  const commands = () => [
    ...(isAligned(props.experiment)
      ? [['Talk to it beside its base', `npx rlcd chat ${asked()}`] as const]
      : []),
    ...FORMS.map(
      ({ form, name, about }) =>
        [`${name}: ${about}`, `npx rlcd export ${asked()} --to ${form} --out my-${form}`] as const,
    ),
  ];
  return (
    <Show
      when={hasAdapter(props.experiment)}
      fallback={<p class="panel muted">{whatComes(props.experiment)}</p>}
    >
      <section class="panel stack close">
        <h2>Use this model</h2>
        <p class="small muted">
          In a terminal with this edge's key in <code>RLCD_KEY</code>; the button "Download adapter" above
          saves the same as a zip.
        </p>
        <dl class="stack close">
          <For each={commands()}>
            {([what, command]) => (
              <div>
                <dt class="small muted">{what}</dt>
                <dd class="row">
                  <code class="anywhere">{command}</code>
                  <CopyButton text={command} label="Copy" about={what} />
                </dd>
              </div>
            )}
          </For>
        </dl>
      </section>
    </Show>
  );
}
