/** The kinds of fields that forms are made of. */
import { For } from 'solid-js';
import { Field, type FieldProps } from './field.tsx';

interface Value {
  readonly value: string;
  readonly onInput: (value: string) => void;
}

interface TextFieldProps extends FieldProps, Value {
  readonly placeholder?: string;
  /** Words unless given; a point in time is given in the reader's own time zone. */
  readonly type?: 'text' | 'datetime-local';
}

export function TextField(props: TextFieldProps) {
  return (
    <Field
      {...props}
      control={(attributes) => (
        <input
          {...attributes()}
          type={props.type ?? 'text'}
          autocomplete="off"
          spellcheck={false}
          placeholder={props.placeholder}
          value={props.value}
          onInput={(event) => props.onInput(event.currentTarget.value)}
        />
      )}
    />
  );
}

export function TextArea(props: FieldProps & Value & { readonly rows: number }) {
  return (
    <Field
      {...props}
      control={(attributes) => (
        <textarea
          {...attributes()}
          rows={props.rows}
          value={props.value}
          onInput={(event) => props.onInput(event.currentTarget.value)}
        />
      )}
    />
  );
}

interface SelectProps extends FieldProps, Value {
  /** Values with their names. */
  readonly choices: readonly (readonly [value: string, name: string])[];
}

export function Select(props: SelectProps) {
  return (
    <Field
      {...props}
      control={(attributes) => (
        <select
          {...attributes()}
          value={props.value}
          onChange={(event) => props.onInput(event.currentTarget.value)}
        >
          <For each={props.choices}>
            {([value, name]) => (
              <option value={value} selected={value === props.value}>
                {name}
              </option>
            )}
          </For>
        </select>
      )}
    />
  );
}

interface CheckFieldProps extends FieldProps {
  readonly checked: boolean;
  readonly onChange: (checked: boolean) => void;
}

export function CheckField(props: CheckFieldProps) {
  return (
    <Field
      {...props}
      class="before"
      control={(attributes) => (
        <input
          {...attributes()}
          type="checkbox"
          checked={props.checked}
          onChange={(event) => props.onChange(event.currentTarget.checked)}
        />
      )}
    />
  );
}
