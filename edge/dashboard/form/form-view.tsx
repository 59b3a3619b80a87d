/** A form on the page: its fields, what no field can show, the button, and the request that it makes. */
import { For, Show, type JSX } from 'solid-js';
import { Problem } from '../components/feedback.tsx';
import { FormProvider, type Form } from './create-form.ts';
import { focusFault } from './focus-fault.ts';
import { RequestView } from './request-view.tsx';

/** Whether it was done nobody can say; a request that is sent again is done once. */
const UNREACHED = 'What you typed is still here: send it again when the connection is back.';

interface FormViewProps {
  readonly form: Form;
  /** What the form is for, to those who cannot see it. */
  readonly label: string;
  readonly submit: string;
  /** Where something else is to be done first, or better. */
  readonly isSecondary?: boolean;
  /** Where something has to be said before. */
  readonly isBlocked?: boolean;
  readonly children: JSX.Element;
}

export function FormView(props: FormViewProps) {
  let element: HTMLFormElement | undefined;
  const submit = async () => {
    if (!(await props.form.submit())) focusFault(element);
  };
  return (
    <FormProvider value={props.form}>
      <form
        class="stack close form"
        noValidate
        aria-label={props.label}
        ref={(found) => {
          element = found;
        }}
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        {props.children}
        <Show when={props.form.otherErrors().length > 0}>
          <div class="notice bad" role="alert">
            <strong>The request is not as it must be</strong>
            <ul>
              <For each={props.form.otherErrors()}>
                {(error) => (
                  <li>
                    <code>{error.pointer}</code> {error.detail}
                  </li>
                )}
              </For>
            </ul>
          </div>
        </Show>
        <Show when={props.form.problem()}>
          {(problem) => <Problem error={problem()} unreached={UNREACHED} />}
        </Show>
        <div class="row">
          <button
            type="submit"
            class={`button ${props.isSecondary ? '' : 'primary'}`}
            disabled={props.form.isSending() || props.isBlocked}
          >
            {props.form.isSending() ? 'Sending…' : props.submit}
          </button>
        </div>
        <RequestView />
      </form>
    </FormProvider>
  );
}
