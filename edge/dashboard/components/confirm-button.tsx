/** A button for what cannot be undone: it asks once, says what will happen, and shows why it failed. */
import { useMutation } from '@tanstack/solid-query';
import { Show, type JSX } from 'solid-js';
import { Problem } from './feedback.tsx';
import { visibleName } from '../text/visible-text.ts';

interface ConfirmButtonProps {
  /** What the button does, in a word. */
  readonly word: string;
  /** The word with what it is done to, for those who see one of many such buttons. */
  readonly what: string;
  /** What happens then. */
  readonly children: JSX.Element;
  readonly act: () => Promise<unknown>;
  readonly onDone: () => void;
  readonly small?: true;
  /** Why it cannot be done now, with the way out; left out where nothing is known to stand against it. */
  readonly obstacle?: JSX.Element;
  /** When somebody asks for it. */
  readonly onAsk?: () => void;
}

export function ConfirmButton(props: ConfirmButtonProps) {
  const title = () => `${props.word} ${visibleName(props.what)}`;
  let dialog: HTMLDialogElement | undefined;
  const act = useMutation(() => ({
    mutationFn: () => props.act(),
    onSuccess: () => {
      dialog?.close();
      props.onDone();
    },
  }));
  return (
    <>
      <button
        type="button"
        class={`button danger ${props.small ? 'small' : ''}`}
        aria-label={title()}
        onClick={() => {
          act.reset();
          props.onAsk?.();
          dialog?.showModal();
        }}
      >
        {props.word}
      </button>
      <dialog
        aria-label={title()}
        ref={(element) => {
          dialog = element;
        }}
      >
        <div class="stack close">
          <h2>{title()}?</h2>
          <p>{props.obstacle ?? props.children}</p>
          <Show when={act.isError}>
            <Problem error={act.error} />
          </Show>
          <div class="row">
            <Show when={!props.obstacle}>
              <button
                type="button"
                class="button danger"
                disabled={act.isPending}
                onClick={() => act.mutate()}
              >
                {props.word}
              </button>
            </Show>
            <button type="button" class="button" autofocus onClick={() => dialog?.close()}>
              Keep it
            </button>
          </div>
        </div>
      </dialog>
    </>
  );
}
