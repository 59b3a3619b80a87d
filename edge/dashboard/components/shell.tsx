/** The frame of every page: where one can go, whether what one sees is live, and the page itself. */
import { useLocation } from '@solidjs/router';
import { createEffect, For, on, Show, type ParentProps } from 'solid-js';
import { LiveProvider, useLive } from '../app/live-context.tsx';
import { ended, session, signOut } from '../app/session.ts';
import { setTheme, theme, THEMES, type Theme } from '../app/theme.ts';
import { Login } from './login.tsx';

const PAGES = [
  ['/experiments', 'Experiments'],
  ['/pairs', 'Pairs'],
  ['/compare', 'Compare'],
  ['/label', 'Label'],
  ['/principles', 'Principles'],
  ['/prompts', 'Prompts'],
  ['/models', 'Models'],
  ['/runners', 'Runners'],
  ['/keys', 'Keys'],
] as const;

/** The page of the navigation that an address is part of; where principles are written is one of theirs. */
function pageOf(pathname: string): string {
  const first = `/${pathname.split('/')[1] ?? ''}`;
  return first === '/write' ? '/principles' : first;
}

const CONNECTION = { live: 'Live', connecting: 'Connecting', offline: 'Offline' } as const;

function Connection() {
  const live = useLive();
  return (
    <span class="connection" data-state={live.state()} role="status">
      {CONNECTION[live.state()]}
    </span>
  );
}

function Frame(props: ParentProps) {
  const location = useLocation();
  let main: HTMLElement | undefined;
  let pages: HTMLElement | undefined;
  // A new page is a new place to read from, as after a full load.
  createEffect(
    on(
      () => location.pathname,
      () => {
        main?.focus({ preventScroll: true });
        scrollTo(0, 0);
      },
      { defer: true },
    ),
  );
  // On a phone the pages are more than fit: the one that is open is in view.
  createEffect(
    on(
      () => location.pathname,
      () =>
        requestAnimationFrame(() =>
          pages?.querySelector('a[aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'center' }),
        ),
    ),
  );
  return (
    <div class="shell">
      <a class="skip" href="#main">
        Skip to content
      </a>
      <header class="top">
        <a class="brand" href="/experiments">
          <img src="/icon.svg" alt="" width="22" height="22" />
          RLCD
        </a>
        <nav
          class="nav"
          aria-label="Pages"
          ref={(element) => {
            pages = element;
          }}
        >
          <ul>
            <For each={PAGES}>
              {([href, label]) => (
                <li>
                  <a href={href} aria-current={pageOf(location.pathname) === href ? 'page' : undefined}>
                    {label}
                  </a>
                </li>
              )}
            </For>
          </ul>
        </nav>
        <div class="tools">
          <Connection />
          <label>
            <span class="sr-only">Colours</span>
            <select value={theme()} onChange={(event) => setTheme(event.currentTarget.value as Theme)}>
              <For each={THEMES}>{(name) => <option value={name}>{name}</option>}</For>
            </select>
          </label>
          <button type="button" class="button quiet" onClick={() => void signOut()}>
            Sign out
          </button>
        </div>
      </header>
      <main
        id="main"
        class="main"
        tabindex="-1"
        ref={(element) => {
          main = element;
        }}
      >
        <Show when={ended()}>{(reason) => <p class="notice bad">{reason()}</p>}</Show>
        {props.children}
      </main>
    </div>
  );
}

export function Shell(props: ParentProps) {
  return (
    <Show when={session()} fallback={<Login />} keyed>
      {(_session) => (
        <LiveProvider>
          <Frame>{props.children}</Frame>
        </LiveProvider>
      )}
    </Show>
  );
}
