/** A prompt set out of a file: the edge reads it as `rlcd data` and `align --prompts` do, and names the lines it refuses. */
import { useNavigate } from '@solidjs/router';
import { useQueryClient } from '@tanstack/solid-query';
import { For, Show } from 'solid-js';
import { createStore } from 'solid-js/store';
import { SPLITS } from '../../../../shared/api/words.ts';
import { formatOfName, typeOfFormat } from '../../../../shared/prompts/file-rows.ts';
import { useSession } from '../../app/session.ts';
import { Select, TextField } from '../../form/controls.tsx';
import { createForm } from '../../form/create-form.ts';
import { FileField } from '../../form/file-field.tsx';
import { FormView } from '../../form/form-view.tsx';
import { asText, given } from '../../form/values.ts';

const RULES = {
  hash: { name: 'by shares', parts: { train: '0.8', dev: '0.1', test: '0.1' } },
  rows: { name: 'by ranges of rows', parts: { train: '0-1000', dev: '1000-1100', test: '1100-' } },
  field: { name: 'each row has a field split', parts: undefined },
} as const;
type Rule = keyof typeof RULES;
const NO_PARTS = { train: '', dev: '', test: '' };

/** What the API gives where a refusal is of a line of the file. */
const LINE = 'line';

/** The file under the media type by which the API knows its form; a name that tells nothing is JSON. */
function typed(file: File): File {
  return new File([file], file.name, { type: typeOfFormat(formatOfName(file.name) ?? 'json') });
}

/** A name of the API out of a file's: `My Prompts.v2.jsonl.gz` -> `my-prompts.v2`. */
function nameOfFile(file: string): string {
  const stem = file.replace(/(\.gz)?$/i, '').replace(/\.[a-z]+$/i, '');
  return stem
    .toLowerCase()
    .replaceAll(/[^a-z0-9._-]+/g, '-')
    .replaceAll(/^[._-]+|-+$/g, '')
    .slice(0, 100);
}

export function UploadPrompts() {
  const { client } = useSession();
  const queryClient = useQueryClient();
  const navigate = useNavigate();
  const [values, setValues] = createStore<{
    file: File | undefined;
    name: string;
    rule: Rule;
    parts: { train: string; dev: string; test: string };
    promptColumn: string;
  }>({ file: undefined, name: '', rule: 'hash', parts: RULES.hash.parts, promptColumn: '' });
  const form = createForm({
    operation: 'createPromptSet',
    input: () => ({
      query: {
        name: values.name,
        rule: values.rule,
        ...given('train', values.parts.train, asText),
        ...given('dev', values.parts.dev, asText),
        ...given('test', values.parts.test, asText),
        ...given('promptColumn', values.promptColumn, asText),
      },
      body: values.file ?? '',
    }),
    faults: () => (values.file ? [] : [{ in: 'body', pointer: LINE, detail: 'choose a file' }]),
    send: (input, attempt) =>
      client.createPromptSet(input, { ...attempt, headers: { 'content-type': values.file?.type ?? '' } }),
    onDone({ id }) {
      void queryClient.invalidateQueries({ queryKey: ['prompt-sets'] });
      navigate(`/prompts/${id}`);
    },
  });
  return (
    <FormView form={form} label="Upload prompts" submit="Upload">
      <FileField
        label="File"
        at={LINE}
        accept=".jsonl,.json,.ndjson,.csv,.tsv,.txt,.gz"
        hint="JSON lines, a JSON array, CSV or text, also as .gz: prompts, messages, conversations, instructions, pairs or HH dialogues"
        onChoose={(file) =>
          setValues({
            file: file && typed(file),
            ...(values.name === '' && file ? { name: nameOfFile(file.name) } : {}),
          })
        }
      />
      <TextField label="Name" at="name" value={values.name} onInput={(name) => setValues({ name })} />
      <Select
        label="Split"
        at="rule"
        value={values.rule}
        choices={Object.entries(RULES).map(([rule, { name }]) => [rule, name] as const)}
        onInput={(text) => {
          const rule = text as Rule;
          setValues({ rule, parts: RULES[rule].parts ?? NO_PARTS });
        }}
      />
      <Show when={RULES[values.rule].parts}>
        <div class="row start">
          <For each={SPLITS}>
            {(split) => (
              <TextField
                label={split}
                at={split}
                class="short"
                value={values.parts[split]}
                onInput={(text) => setValues('parts', split, text)}
              />
            )}
          </For>
        </div>
      </Show>
      <TextField
        label="Column of the prompt"
        at="promptColumn"
        hint="Only where its name does not tell"
        value={values.promptColumn}
        onInput={(promptColumn) => setValues({ promptColumn })}
      />
    </FormView>
  );
}
