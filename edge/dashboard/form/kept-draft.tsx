/** What somebody has typed into a form and not sent yet: kept while they look at other pages, until they sign out. */
import { createSignal, onCleanup, Show, type Accessor } from 'solid-js';
import { createStore, unwrap, type SetStoreFunction } from 'solid-js/store';
import { draftsOf } from '../app/drafts.ts';
import { useSession } from '../app/session.ts';

interface KeptDraft<T extends object> {
  readonly draft: T;
  readonly setDraft: SetStoreFunction<T>;
  /** Whether it is one that was left before. */
  readonly isKept: Accessor<boolean>;
  /** Begins again, with nothing of what was left. */
  readonly reset: () => void;
  /** What is sent is no draft any more. */
  readonly forget: () => void;
}

/**
 * A draft that outlives its page.
 *
 * @param name of the form, and of what it is about
 * @param initial what it begins with where none was left
 */
export function createKeptDraft<T extends object>(name: string, initial: T): KeptDraft<T> {
  const own = draftsOf(useSession().own.id);
  const left = own.get(name) as T | undefined;
  const [isKept, setKept] = createSignal(left !== undefined);
  const [draft, setDraft] = createStore<T>(structuredClone(left ?? initial));
  let isSent = false;
  onCleanup(() => {
    const now = unwrap(draft);
    if (isSent || JSON.stringify(now) === JSON.stringify(initial)) own.delete(name);
    else own.set(name, structuredClone(now));
  });
  return {
    draft,
    setDraft,
    isKept,
    reset() {
      setDraft(structuredClone(initial));
      setKept(false);
    },
    forget() {
      isSent = true;
    },
  };
}

/** Says where what stands in a form comes from. */
export function KeptNotice(props: { readonly of: Pick<KeptDraft<object>, 'isKept' | 'reset'> }) {
  return (
    <Show when={props.of.isKept()}>
      <p class="row small muted">
        This is as you left it.
        <button type="button" class="button small" onClick={() => props.of.reset()}>
          Begin again
        </button>
      </p>
    </Show>
  );
}
