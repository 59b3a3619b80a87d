/** Saves the experiment's model with its card, in the form that is chosen; a runner makes what holds the base's weights. */
import { useMutation } from '@tanstack/solid-query';
import { createSignal, For, onCleanup, Show } from 'solid-js';
import type { ExportForm } from '../../../../shared/export/forms.ts';
import { saveResponse } from '../../app/download.ts';
import { useSession } from '../../app/session.ts';
import type { ExperimentDetail } from '../../app/types.ts';
import { Problem } from '../../components/feedback.tsx';
import { percent } from '../../text/format.ts';
import { askForExport, FORMS, type Pending } from './export-forms.ts';
import { hasAdapter } from './taken-model.ts';

export function DownloadAdapter(props: { readonly experiment: ExperimentDetail }) {
  const { client } = useSession();
  const [pending, setPending] = createSignal<Pending>();
  const leaving = new AbortController();
  onCleanup(() => leaving.abort());
  const save = useMutation(() => ({
    mutationFn: async (to: ExportForm) => {
      const experimentId = props.experiment.id;
      const response = await askForExport(client, { experimentId, to }, leaving.signal, setPending);
      await saveResponse(response, `${experimentId}-${to}.zip`);
    },
    onSettled: () => setPending(),
  }));
  const choose = (to: ExportForm, button: HTMLButtonElement) => {
    button.closest('details')?.removeAttribute('open');
    save.mutate(to);
  };
  return (
    <Show when={hasAdapter(props.experiment)}>
      <details
        class="menu"
        onKeyDown={({ key, currentTarget }) => {
          if (key !== 'Escape') return;
          currentTarget.removeAttribute('open');
          currentTarget.querySelector('summary')?.focus();
        }}
        onFocusOut={({ relatedTarget, currentTarget }) => {
          const isLeft = relatedTarget instanceof Node && !currentTarget.contains(relatedTarget);
          if (isLeft) currentTarget.removeAttribute('open');
        }}
      >
        <summary class="button">Download adapter</summary>
        <ul class="panel">
          <For each={FORMS}>
            {({ form, name, about }) => (
              <li>
                <button
                  type="button"
                  class="button quiet"
                  disabled={save.isPending}
                  onClick={(event) => choose(form, event.currentTarget)}
                >
                  <strong>{name}</strong> {about}
                </button>
              </li>
            )}
          </For>
        </ul>
      </details>
      <Show when={save.isPending}>
        <span class="small muted" role="status">
          {whatIsDone(pending())}
        </span>
      </Show>
      <Show when={save.isError}>
        <Problem error={save.error} />
      </Show>
    </Show>
  );
}

function whatIsDone(pending: Pending | undefined): string {
  if (pending === undefined) return 'Asks for the files…';
  const { waitsFor, progress } = pending;
  if (waitsFor !== null) return `It ${waitsFor}`;
  return progress === null
    ? 'A runner makes it…'
    : `A runner makes it: ${percent(progress.done / progress.total, 0)}`;
}
