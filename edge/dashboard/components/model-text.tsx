/** Untrusted text on the page: as text, never as markup; long text is cut until somebody asks for it. */
import { createMemo, createSignal, For, Show, type JSX } from 'solid-js';
import { cutText, visiblePieces } from '../text/visible-text.ts';
import { count } from '../text/format.ts';

/** Shown before anybody asks for more. */
const FIRST_CHARACTERS = 2000;
/** Parts of long text are laid out only when they come into view. */
const PART_CHARACTERS = 5000;

interface ModelTextProps {
  readonly text: string;
  readonly class?: string;
  /** The beginning of the same text, as somebody else shows it. */
  readonly lead?: JSX.Element;
}

export function Pieces(props: { readonly text: string }) {
  return (
    <For each={visiblePieces(props.text)}>
      {(piece) =>
        piece.kind === 'text' ? (
          piece.text
        ) : (
          <span class="mark" title={piece.title}>
            {piece.label}
          </span>
        )
      }
    </For>
  );
}

export function ModelText(props: ModelTextProps) {
  const [all, setAll] = createSignal(false);
  const isLong = () => props.text.length > FIRST_CHARACTERS * 1.2;
  const first = createMemo(() => (isLong() ? (cutText(props.text, FIRST_CHARACTERS)[0] ?? '') : props.text));
  return (
    <div class={`text ${props.class ?? ''}`} dir="auto">
      {props.lead}
      <Show when={props.text === '' && props.lead === undefined}>
        <span class="muted">(empty)</span>
      </Show>
      <Pieces text={first()} />
      <Show when={isLong() && all()}>
        <For each={cutText(props.text.slice(first().length), PART_CHARACTERS)}>
          {(part) => (
            <span class="more">
              <Pieces text={part} />
            </span>
          )}
        </For>
      </Show>
      <Show when={isLong()}>
        {all() ? ' ' : '… '}
        <button type="button" class="button small" aria-expanded={all()} onClick={() => setAll(!all())}>
          {all() ? 'Show less' : `Show all ${count(props.text.length)} characters`}
        </button>
      </Show>
    </div>
  );
}
