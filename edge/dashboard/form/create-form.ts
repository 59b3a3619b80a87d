/** What a form knows: what it would send, what is wrong with that, field by field, and how the sending goes. */
import { createContext, createMemo, createSignal, onCleanup, useContext, type Accessor } from 'solid-js';
import { ApiError, type AnyInput, type Client } from '../../../shared/api/client.ts';
import type { OperationId } from '../../../shared/api/contract.ts';
import type { FieldError } from '../../../shared/api/field-errors.ts';
import { faultsOf, isOf } from './faults.ts';

type InputOf<Id extends OperationId> = NonNullable<Parameters<Client[Id]>[0]>;
type Answer<Id extends OperationId> = Awaited<ReturnType<Client[Id]>>;

interface Attempt {
  readonly idempotencyKey: string;
}

interface FormOptions<Id extends OperationId> {
  /** Whose checks, words and request the form has. */
  readonly operation: Id;
  /** What the fields hold now. */
  readonly input: () => InputOf<Id>;
  /** @param attempt to be handed on: what is sent again because no answer came is done once */
  readonly send: (input: InputOf<Id>, attempt: Attempt) => Promise<Answer<Id>>;
  readonly onDone: (answer: Answer<Id>) => void;
  /** What is wrong with fields that cannot be put into the request at all. */
  readonly faults?: () => readonly FieldError[];
  /** What is to be said while it is typed or chosen, before anybody sends; part of what is wrong, too. */
  readonly asTyped?: () => readonly FieldError[];
}

export interface Form {
  readonly operation: OperationId;
  readonly input: Accessor<AnyInput>;
  readonly isSending: Accessor<boolean>;
  /** Why the last sending failed; undefined where only fields are wrong. */
  readonly problem: Accessor<unknown>;
  /** Errors of the field at a pointer, and of what is in it. */
  readonly errorsOf: (pointer: string) => readonly FieldError[];
  /** Errors that no field of the form shows. */
  readonly otherErrors: Accessor<readonly FieldError[]>;
  /** A field says that it shows the errors of a pointer, as long as it stands. */
  readonly shows: (pointer: string) => void;
  /**
   * Says what is wrong with the fields before anything else is done with them.
   *
   * @param isNone of a fault that does not stand against it
   * @returns whether nothing is wrong
   */
  readonly check: (isNone?: (fault: FieldError) => boolean) => boolean;
  /** Sends, unless a field is wrong. @returns whether it was done */
  readonly submit: () => Promise<boolean>;
}

export function createForm<Id extends OperationId>(options: FormOptions<Id>): Form {
  /** What only the API could say, of what was sent last. */
  const [refused, setRefused] = createSignal<readonly FieldError[]>([]);
  const [isChecked, setChecked] = createSignal(false);
  const [problem, setProblem] = createSignal<unknown>();
  const [isSending, setSending] = createSignal(false);
  /** What was sent last, as long as nobody knows whether it was done. */
  let unanswered: (Attempt & ReturnType<typeof requestOf>) | undefined;
  const [shown, setShown] = createSignal<ReadonlySet<string>>(new Set());

  const asTyped = createMemo(() => options.asTyped?.() ?? []);
  const found = () => {
    const unread = options.faults?.() ?? [];
    // What cannot be read is not missing as well.
    const others = faultsOf(options.operation, options.input() as AnyInput).filter(
      ({ pointer }) => !unread.some((fault) => fault.pointer === pointer),
    );
    return [...asTyped(), ...unread, ...others];
  };
  /** Once somebody has tried to send, a field that is mended says so at once. */
  const errors = createMemo(() => distinct([...(isChecked() ? found() : asTyped()), ...refused()]));

  function check(isNone: (fault: FieldError) => boolean = () => false): boolean {
    const isRight = found().every(isNone);
    setChecked(!isRight);
    return isRight;
  }

  async function submit(): Promise<boolean> {
    if (isSending()) return false;
    setProblem();
    setRefused([]);
    if (!check()) return false;
    const input = options.input();
    const request = requestOf(input as AnyInput);
    const isAgain = request.text === unanswered?.text && request.file === unanswered.file;
    const idempotencyKey = (isAgain ? unanswered?.idempotencyKey : undefined) ?? crypto.randomUUID();
    unanswered = { ...request, idempotencyKey };
    setSending(true);
    try {
      const answer = await options.send(input, { idempotencyKey });
      unanswered = undefined;
      options.onDone(answer);
      return true;
    } catch (cause) {
      if (cause instanceof ApiError) unanswered = undefined;
      const told = cause instanceof ApiError ? cause.problem.errors : undefined;
      setRefused(told ?? []);
      if (told === undefined) setProblem(cause);
      return false;
    } finally {
      setSending(false);
    }
  }

  return {
    operation: options.operation,
    input: () => options.input() as AnyInput,
    isSending,
    problem,
    errorsOf: (pointer) => errors().filter((error) => isOf(error, pointer)),
    otherErrors: () => errors().filter((error) => ![...shown()].some((pointer) => isOf(error, pointer))),
    shows(pointer) {
      setShown((before) => new Set(before).add(pointer));
      onCleanup(() => setShown((before) => new Set([...before].filter((other) => other !== pointer))));
    },
    check,
    submit,
  };
}

/** What tells a request from another: fields as they are now, and the file itself, of which nothing else is known. */
function requestOf(input: AnyInput) {
  return { text: JSON.stringify(input), file: input.body instanceof Blob ? input.body : undefined };
}

/** What both the form and the API say is said once. */
function distinct(errors: readonly FieldError[]): readonly FieldError[] {
  return [...new Map(errors.map((error) => [`${error.pointer} ${error.detail}`, error])).values()];
}

const Context = createContext<Form>();
export const FormProvider = Context.Provider;

/** The form that a field stands in. */
export function useForm(): Form {
  const found = useContext(Context);
  if (!found) throw new Error('this field needs a form');
  return found;
}
