/**
 * Registers a model whose weights runners open. Only a machine that has the weights can say what they are, so it is asked
 * there, and what it answers is pasted here.
 */
import { useQueryClient } from '@tanstack/solid-query';
import { createSignal } from 'solid-js';
import { useSession } from '../../app/session.ts';
import { CopyButton } from '../../components/copy-button.tsx';
import { TextArea } from '../../form/controls.tsx';
import { createForm } from '../../form/create-form.ts';
import { FormView } from '../../form/form-view.tsx';
import { readJson } from '../../form/read-json.ts';

const COMMAND = 'npx rlcd runner --describe-model SOURCE';

export function RegisterOpened() {
  const { client } = useSession();
  const queryClient = useQueryClient();
  const [text, setText] = createSignal('');
  const read = () => readJson(text(), '#');
  const form = createForm({
    operation: 'createBaseModel',
    // Whatever was pasted: the contract tells what it lacks.
    input: () => ({ body: read().value as Parameters<typeof client.createBaseModel>[0]['body'] }),
    faults: () => read().faults,
    send: (input, attempt) => client.createBaseModel(input, attempt),
    onDone() {
      setText('');
      void queryClient.invalidateQueries({ queryKey: ['base-models'] });
    },
  });
  return (
    <div class="stack close">
      <p>
        On a machine with the weights, with a folder, a GGUF file, a hub identifier (<code>owner/name</code>)
        or <code>bundled</code> for SOURCE:
      </p>
      <div class="row">
        <code>{COMMAND}</code>
        <CopyButton text={COMMAND} label="Copy the command" />
      </div>
      <FormView form={form} label="Register a model that runners open" submit="Register">
        <TextArea label="What it answers" at="#" rows={8} value={text()} onInput={setText} />
      </FormView>
    </div>
  );
}
