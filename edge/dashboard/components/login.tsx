/** Asks for the key: once for each tab, or once for twelve hours where the reader stays signed in. */
import { createSignal, Show } from 'solid-js';
import { canResume, ended, resume, signIn } from '../app/session.ts';
import { Problem } from './feedback.tsx';

export function Login() {
  const [error, setError] = createSignal<unknown>();
  const [busy, setBusy] = createSignal(false);
  // Who has a key already is not asked for it while the edge says whose it is.
  const [resuming, setResuming] = createSignal(canResume());
  let field: HTMLInputElement | undefined;

  let stays: HTMLInputElement | undefined;

  async function enter(signing: () => Promise<void>): Promise<void> {
    setBusy(true);
    setError(undefined);
    try {
      await signing();
    } catch (cause) {
      setError(cause);
      setResuming(false);
      field?.focus();
    } finally {
      setBusy(false);
      setResuming(false);
    }
  }

  if (resuming()) void enter(resume);

  return (
    <Show
      when={!resuming()}
      fallback={
        <main class="login stack">
          <p role="status">Signing in…</p>
        </main>
      }
    >
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
            void enter(() => signIn(field?.value.trim() ?? '', stays?.checked ?? false));
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
              onInput={() => setError(undefined)}
            />
          </label>
          <label class="check">
            <input
              ref={(element) => {
                stays = element;
              }}
              type="checkbox"
              name="stays"
            />
            <span>Stay signed in on this computer, for 12 hours</span>
          </label>
          <button type="submit" class="button primary big" disabled={busy()}>
            {busy() ? 'Signing in…' : 'Sign in'}
          </button>
        </form>
        <Show when={error()}>{(cause) => <Problem error={cause()} />}</Show>
        <p class="small muted">
          The key stays in this tab; where you stay signed in it stays nowhere, and a cookie that no script
          can read stands for it until you sign out. The demo and the first start of an edge say where theirs
          is; whoever has that one makes others on the page Keys.
        </p>
      </main>
    </Show>
  );
}
