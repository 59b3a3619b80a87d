/** Several controls that make one value, with one name and one place for what is wrong. */
import { createUniqueId, For, Show, type JSX } from 'solid-js';
import { useForm } from './create-form.ts';

export function FieldSet(props: {
  readonly label: string;
  /** As of a field. */
  readonly at: string;
  readonly children: JSX.Element;
}) {
  const form = useForm();
  const id = createUniqueId();
  form.shows(props.at);
  const errors = () => form.errorsOf(props.at);
  return (
    <fieldset class="field" tabindex="-1" aria-describedby={errors().length > 0 ? `${id}-error` : undefined}>
      <legend>{props.label}</legend>
      {props.children}
      <Show when={errors().length > 0}>
        <ul class="errors" id={`${id}-error`}>
          <For each={errors()}>{({ detail }) => <li>{detail}</li>}</For>
        </ul>
      </Show>
    </fieldset>
  );
}
