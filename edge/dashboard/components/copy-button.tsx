/** Copies text, and says that it did. */
import { createSignal, Show } from 'solid-js';

const SAID_MILLISECONDS = 2000;

interface CopyButtonProps {
  readonly text: string;
  readonly label: string;
  /** What is copied, for those who hear one of many such buttons. */
  readonly about?: string;
}

export function CopyButton(props: CopyButtonProps) {
  const [state, setState] = createSignal('');
  async function copy(): Promise<void> {
    try {
      await navigator.clipboard.writeText(props.text);
      setState('Copied');
    } catch (error) {
      if (!(error instanceof DOMException)) throw error;
      setState('The browser refused; select the text and copy it');
    }
    setTimeout(() => setState(''), SAID_MILLISECONDS);
  }
  return (
    <span class="row">
      <button type="button" class="button small" onClick={() => void copy()}>
        {props.label}
        <Show when={props.about}>{(about) => <span class="sr-only">: {about()}</span>}</Show>
      </button>
      <span class="small muted" role="status">
        {state()}
      </span>
    </span>
  );
}
