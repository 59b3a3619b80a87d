/** The labels of a version: moved here, or deleted. */
import { useMutation, useQueryClient } from '@tanstack/solid-query';
import { createSignal, For, Show } from 'solid-js';
import { useSession } from '../../app/session.ts';
import type { PrincipleVersion } from '../../app/types.ts';
import { ConfirmButton } from '../../components/confirm-button.tsx';
import { Problem } from '../../components/feedback.tsx';

export function Labels(props: { readonly version: PrincipleVersion }) {
  const { client } = useSession();
  const queryClient = useQueryClient();
  const [label, setLabel] = createSignal('production');
  const move = useMutation(() => ({
    mutationFn: () =>
      client.movePrincipleLabel({
        parameters: { principleName: props.version.principle, principleLabel: label() },
        body: { version: props.version.number },
      }),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: ['principles'] }),
  }));
  return (
    <section class="panel stack close">
      <h2>Labels</h2>
      <p class="row">
        <For each={props.version.labels} fallback={<span class="muted">This version has no label.</span>}>
          {(name) => (
            <>
              <span class="tag">{name}</span>
              <ConfirmButton
                small
                word="Delete"
                what={`the label ${name}`}
                act={() => {
                  const parameters = { principleName: props.version.principle, principleLabel: name };
                  return client.deletePrincipleLabel({ parameters });
                }}
                onDone={() => void queryClient.invalidateQueries({ queryKey: ['principles'] })}
              >
                Whoever asks for the principle by it is refused. The version stays.
              </ConfirmButton>
            </>
          )}
        </For>
      </p>
      <form
        class="row end"
        onSubmit={(event) => {
          event.preventDefault();
          move.mutate();
        }}
      >
        <label class="field">
          <span>Point a label here</span>
          <input
            type="text"
            value={label()}
            pattern="[a-z][a-z0-9._\-]*"
            required
            onInput={(event) => setLabel(event.currentTarget.value)}
          />
        </label>
        <button type="submit" class="button" disabled={move.isPending}>
          Move it to version {props.version.number}
        </button>
      </form>
      <Show when={move.isError}>
        <Problem error={move.error} />
      </Show>
    </section>
  );
}
