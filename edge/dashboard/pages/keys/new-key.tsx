/** Makes a key; its secret is on the page until one goes on, and nowhere afterwards. */
import { useQueryClient } from '@tanstack/solid-query';
import { createSignal, For, Show } from 'solid-js';
import { createStore } from 'solid-js/store';
import { SCOPES, type Scope } from '../../../../shared/api/words.ts';
import { useSession } from '../../app/session.ts';
import type { Key, NewKey as MadeKey } from '../../app/types.ts';
import { CopyButton } from '../../components/copy-button.tsx';
import { RunnerCommand } from '../../components/runner-command.tsx';
import { TextField } from '../../form/controls.tsx';
import { createForm } from '../../form/create-form.ts';
import { FieldSet } from '../../form/field-set.tsx';
import { FormView } from '../../form/form-view.tsx';
import { asInstant, asNumber, given } from '../../form/values.ts';
import { visibleName } from '../../text/visible-text.ts';

const MAY: Readonly<Record<Scope, string>> = {
  client: 'make and read experiments, principles, prompts and models',
  runner: 'take work and hand in what it makes',
  admin: 'everything that clients may, and keys',
};
const EMPTY = { name: '', scopes: ['client'] as Scope[], expiresAt: '', requestsPerMinute: '' };

export function NewKey(props: { readonly keys: readonly Key[] | undefined }) {
  const { client } = useSession();
  const queryClient = useQueryClient();
  const [made, setMade] = createSignal<MadeKey>();
  // A key that was revoked since is of no use to anybody.
  const shown = () =>
    props.keys?.some(({ id, revokedAt }) => id === made()?.id && revokedAt !== null) ? undefined : made();
  const [values, setValues] = createStore({ ...EMPTY });
  const form = createForm({
    operation: 'createKey',
    input: () => ({
      body: {
        name: values.name,
        scopes: [...values.scopes],
        ...given('expiresAt', values.expiresAt, asInstant),
        ...given('requestsPerMinute', values.requestsPerMinute, asNumber),
      },
    }),
    send: (input, attempt) => client.createKey(input, attempt),
    onDone(key) {
      setMade(key);
      setValues({ ...EMPTY });
      void queryClient.invalidateQueries({ queryKey: ['keys'] });
    },
  });
  return (
    <section class="panel stack">
      <h2>New key</h2>
      <Show when={shown()}>{(key) => <Secret made={key()} onDone={() => setMade()} />}</Show>
      <FormView form={form} label="New key" submit="Make the key">
        <TextField
          label="Name"
          at="#/name"
          hint="Who or what will use it"
          value={values.name}
          onInput={(name) => setValues({ name })}
        />
        <FieldSet label="Scopes" at="#/scopes">
          <For each={SCOPES}>
            {(scope) => (
              <label class="check">
                <input
                  type="checkbox"
                  checked={values.scopes.includes(scope)}
                  onChange={(event) => {
                    const others = values.scopes.filter((other) => other !== scope);
                    setValues({ scopes: event.currentTarget.checked ? [...others, scope] : others });
                  }}
                />
                <span>
                  <strong>{scope}</strong> <span class="muted">{MAY[scope]}</span>
                </span>
              </label>
            )}
          </For>
        </FieldSet>
        <div class="row start">
          <TextField
            label="Expires"
            at="#/expiresAt"
            type="datetime-local"
            hint="Never, where it is empty"
            value={values.expiresAt}
            onInput={(expiresAt) => setValues({ expiresAt })}
          />
          <TextField
            label="Requests a minute at most"
            at="#/requestsPerMinute"
            hint="As many as any key, where it is empty"
            value={values.requestsPerMinute}
            onInput={(requestsPerMinute) => setValues({ requestsPerMinute })}
          />
        </div>
      </FormView>
    </section>
  );
}

function Secret(props: { readonly made: MadeKey; readonly onDone: () => void }) {
  return (
    <div class="notice good" role="status">
      <strong>The key {visibleName(props.made.name)} is made</strong>
      <Show
        when={props.made.secret}
        fallback="Its secret was answered once already and is not kept: revoke the key and make another."
      >
        {(secret) => (
          <>
            <span>This is the only time that its secret is shown: copy it now.</span>
            <code class="secret">{secret()}</code>
            <Show when={props.made.scopes.includes('runner')}>
              <span>A runner starts with it by:</span>
              <RunnerCommand secret={secret()} />
            </Show>
            <span class="row">
              <CopyButton text={secret()} label="Copy the secret" />
              <button type="button" class="button small" onClick={() => props.onDone()}>
                I have it
              </button>
            </span>
          </>
        )}
      </Show>
    </div>
  );
}
