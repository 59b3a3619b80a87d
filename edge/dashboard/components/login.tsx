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
        <p class="lead">Sign in with your key: it says what you may do here.</p>
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
          <span>Key</span>
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
        The key stays in this tab. The demo and the first start of an edge say where theirs is; whoever has
        that one makes others on the page Keys.
      </p>
    </main>
  );
}
