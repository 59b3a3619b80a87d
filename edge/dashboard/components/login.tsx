/** Asks for the key, once for each tab. */
import { createSignal, Show } from 'solid-js';
import { ended, signIn, storedKey } from '../app/session.ts';
import { Problem } from './feedback.tsx';

export function Login() {
  const [error, setError] = createSignal<unknown>();
  const [busy, setBusy] = createSignal(false);
  let field: HTMLInputElement | undefined;

  async function enter(key: string): Promise<void> {
    setBusy(true);
    setError(undefined);
    try {
      await signIn(key);
    } catch (cause) {
      setError(cause);
      setBusy(false);
      field?.focus();
    }
  }

  const kept = storedKey();
  if (kept !== null) void enter(kept);

  return (
    <main class="login stack">
      <div class="stack close">
        <h1>RLCD</h1>
        <p class="lead">Sign in with an API key of the scope client or admin.</p>
      </div>
      <Show when={ended()}>{(reason) => <p class="notice warn">{reason()}</p>}</Show>
      <form
        class="stack close"
        onSubmit={(event) => {
          event.preventDefault();
          void enter(field?.value.trim() ?? '');
        }}
      >
        <label class="field">
          <span>API key</span>
          <input
            ref={(element) => {
              field = element;
            }}
            type="password"
            name="key"
            autocomplete="off"
            spellcheck={false}
            required
            autofocus
          />
        </label>
        <button type="submit" class="button primary big" disabled={busy()}>
          {busy() ? 'Signing in…' : 'Sign in'}
        </button>
      </form>
      <Show when={error()}>{(cause) => <Problem error={cause()} />}</Show>
      <p class="small muted">
        The key stays in this tab and is sent in a header only. The demo prints where its key is;{' '}
        <a href="/reference">the API's reference</a> tells how to make another.
      </p>
    </main>
  );
}
