/** A field of a form: its name, what it is for, the control, and what is wrong with it, told to everyone alike. */
import { createUniqueId, For, Show, type JSX } from 'solid-js';
import { useForm } from './create-form.ts';

export interface FieldProps {
  readonly label: string;
  /** Where the value stands in the request: a JSON pointer in the body, else the parameter's name. */
  readonly at: string;
  readonly hint?: JSX.Element;
  /** What is odd about the value, with what to do; it can be sent all the same. */
  readonly warning?: string | undefined;
  readonly class?: string;
}

/** What a control must carry, so that label, hint and errors belong to it. */
export interface ControlAttributes {
  readonly id: string;
  readonly 'aria-invalid': true | undefined;
  readonly 'aria-describedby': string | undefined;
}

interface FieldWithControl extends FieldProps {
  readonly control: (attributes: () => ControlAttributes) => JSX.Element;
}

export function Field(props: FieldWithControl) {
  const form = useForm();
  const id = createUniqueId();
  form.shows(props.at);
  const errors = () => form.errorsOf(props.at);
  const isWrong = () => errors().length > 0;
  const attributes = (): ControlAttributes => ({
    id,
    'aria-invalid': isWrong() || undefined,
    'aria-describedby':
      [
        isWrong() ? `${id}-error` : '',
        props.warning === undefined ? '' : `${id}-warning`,
        props.hint === undefined ? '' : `${id}-hint`,
      ]
        .filter(Boolean)
        .join(' ') || undefined,
  });
  return (
    <div class={`field ${props.class ?? ''}`}>
      <label for={id}>{props.label}</label>
      {props.control(attributes)}
      <Show when={isWrong()}>
        <ul class="errors" id={`${id}-error`}>
          <For each={errors()}>
            {({ pointer, detail }) => (
              <li>
                <Show when={pointer !== props.at}>
                  <code>{pointer.slice(props.at.startsWith('#') ? props.at.length : 0)}</code>{' '}
                </Show>
                {detail}
              </li>
            )}
          </For>
        </ul>
      </Show>
      <Show when={props.warning}>
        {(warning) => (
          <span class="notice warn small" id={`${id}-warning`}>
            {warning()}
          </span>
        )}
      </Show>
      <Show when={props.hint}>
        <span class="tiny muted" id={`${id}-hint`}>
          {props.hint}
        </span>
      </Show>
    </div>
  );
}
