/** The form of a principle's version: what it says, in which form, and with which affixes. */
import { useNavigate } from '@solidjs/router';
import { useQueryClient } from '@tanstack/solid-query';
import { Show } from 'solid-js';
import { principleForm } from '../../../../shared/api/tasks/settings.ts';
import { PLACEMENTS } from '../../../../shared/principles/placement.ts';
import { useSession } from '../../app/session.ts';
import type { PrincipleVersion } from '../../app/types.ts';
import { Select, TextArea, TextField } from '../../form/controls.tsx';
import { createForm } from '../../form/create-form.ts';
import { FormView } from '../../form/form-view.tsx';
import { createKeptDraft, KeptNotice } from '../../form/kept-draft.tsx';
import { AffixPairs } from './affix-pairs.tsx';
import { definitionOf, draftOf, type Draft } from './draft.ts';

const FORMS: Readonly<Record<Draft['form'], string>> = {
  dialogue: 'dialogue: a person asks, the model answers',
  prefix: 'prefix: the affix stands in front of a text that goes on',
};
const PLACES: Readonly<Record<(typeof PLACEMENTS)[number], string>> = {
  label: "label: in the assistant's label",
  system: 'system: at the end of the system turn',
  user: "user: behind the user's last words",
  answer: 'answer: at the beginning of the answer',
};

/** @param props.newest the version that the next one begins with; left out for a new principle */
export function PrincipleForm(props: { readonly newest?: PrincipleVersion }) {
  const { client } = useSession();
  const queryClient = useQueryClient();
  const navigate = useNavigate();
  const { newest } = props;
  const about = newest ? `the next version of ${newest.principle} ${newest.number}` : 'a new principle';
  const kept = createKeptDraft<Draft>(about, draftOf(newest));
  const { draft, setDraft } = kept;
  const form = createForm({
    operation: 'createPrincipleVersion',
    input: () => ({ parameters: { principleName: draft.name }, body: definitionOf(draft) }),
    send: (input, attempt) => client.createPrincipleVersion(input, attempt),
    onDone({ principle }) {
      kept.forget();
      void queryClient.invalidateQueries({ queryKey: ['principles'] });
      navigate(`/principles/${principle}`);
    },
  });
  return (
    <section class="panel">
      <FormView
        form={form}
        label="Principle"
        submit={props.newest ? `Add version ${props.newest.number + 1}` : 'Add the principle'}
      >
        <KeptNotice of={kept} />
        <Show when={!props.newest}>
          <TextField
            label="Name"
            at="principleName"
            hint="As experiments will name it"
            value={draft.name}
            onInput={(name) => setDraft({ name })}
          />
        </Show>
        <TextArea
          label="Description"
          at="#/description"
          rows={3}
          hint='What it asks of the model, in plain words: "answers admit what they do not know"'
          value={draft.description}
          onInput={(description) => setDraft({ description })}
        />
        <div class="row start">
          <Select
            label="Form"
            at="#/form"
            class="grow"
            value={draft.form}
            choices={principleForm.options.map((name) => [name, FORMS[name]] as const)}
            onInput={(text) => setDraft({ form: text as Draft['form'] })}
          />
          <Show when={draft.form === 'dialogue'}>
            <Select
              label="Affixes in a chat"
              at="#/placement"
              class="grow"
              value={draft.placement}
              choices={[
                ['', 'where the paper has them: in the label'],
                ...PLACEMENTS.map((name) => [name, PLACES[name]] as const),
              ]}
              onInput={(text) => setDraft({ placement: text as Draft['placement'] })}
            />
          </Show>
        </div>
        <AffixPairs
          description={draft.description}
          isDialogue={draft.form === 'dialogue'}
          pairs={draft.affixPairs}
          onChange={(affixPairs) => setDraft({ affixPairs })}
        />
        <TextField
          label="Every response begins with"
          at="#/responseOpening"
          hint="Leave it empty unless all answers go on with the same words"
          value={draft.responseOpening}
          onInput={(responseOpening) => setDraft({ responseOpening })}
        />
      </FormView>
    </section>
  );
}
