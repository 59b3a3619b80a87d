/** A file of the reader's own; it leaves the machine when the form is sent, not before. */
import { Field, type FieldProps } from './field.tsx';

interface FileFieldProps extends FieldProps {
  /** Endings that the picker offers. */
  readonly accept: string;
  /** Undefined where the choice is taken back. */
  readonly onChoose: (file: File | undefined) => void;
}

export function FileField(props: FileFieldProps) {
  return (
    <Field
      {...props}
      control={(attributes) => (
        <input
          {...attributes()}
          type="file"
          accept={props.accept}
          onChange={(event) => props.onChoose(event.currentTarget.files?.[0])}
        />
      )}
    />
  );
}
