/** The form of an experiment. */
import { useNavigate } from '@solidjs/router';
import { Show } from 'solid-js';
import { PROMPT_FORMS } from '../../../../shared/api/tasks/settings.ts';
import { stagesOf } from '../../../../shared/method-stages.ts';
import { useSession } from '../../app/session.ts';
import { FEWEST, tooFew } from '../../components/win-rate.tsx';
import { CheckField, Select, TextField } from '../../form/controls.tsx';
import { createForm } from '../../form/create-form.ts';
import { FormView } from '../../form/form-view.tsx';
import { createKeptDraft, KeptNotice } from '../../form/kept-draft.tsx';
import { LONGEST_ANSWER } from '../../../../shared/planner/alignment-settings.ts';
import {
  hyperparametersOf,
  BUDGET,
  bodyOf,
  faultsOfDraft,
  faultsOfTyped,
  LONGEST,
  takesBudget,
  type ExperimentDraft,
} from './draft.ts';
import { HyperparametersField } from './hyperparameters-field.tsx';
import { LookPanel, NoLook } from './look/look-panel.tsx';
import { plannedSecondsOf, useLook } from './look/use-look.ts';
import { METHOD_WORDS } from './method-words.ts';
import type { Parts } from './parts.ts';
import { PrincipleFields } from './principle-fields.tsx';
import { promptsOf } from './prompts-of.ts';

const named = ({ id, name }: { readonly id: string; readonly name: string }) => [id, name] as const;

interface ExperimentFormProps {
  readonly parts: Parts;
  /** What it begins with. */
  readonly draft: ExperimentDraft;
  /** The experiment that it begins as. */
  readonly from?: string;
}

export function ExperimentForm(props: ExperimentFormProps) {
  const { client } = useSession();
  const navigate = useNavigate();
  const kept = createKeptDraft<ExperimentDraft>(`an experiment ${props.from ?? ''}`, props.draft);
  const { draft, setDraft } = kept;
  const look = useLook(draft, setDraft, () => props.parts.promptSets);
  const prompts = () => promptsOf(draft, props.parts.promptSets);
  const form = createForm({
    operation: 'createExperiment',
    input: () => ({ body: { ...bodyOf(draft), ...plannedSecondsOf(look.plan()) } }),
    faults: () => faultsOfDraft(draft),
    asTyped: () => [...faultsOfTyped(draft), ...look.budgetFaults(), ...prompts().faults],
    send: (input, attempt) => client.createExperiment(input, attempt),
    onDone({ id }) {
      kept.forget();
      navigate(`/experiments/${id}`);
    },
  });
  /** Too few are refused; these say little, which is told before and not after. */
  const fewComparisons = () => {
    const { comparisons = FEWEST, faults } = prompts();
    return comparisons < FEWEST && faults.length === 0
      ? `The verdict will be made of ${tooFew(comparisons)}`
      : undefined;
  };
  const stages = () =>
    stagesOf(draft.method, { scorer: draft.scorer, hyperparameters: hyperparametersOf(draft) }).map(
      ({ name }) => name,
    );
  return (
    <section class="panel">
      <FormView
        form={form}
        label="Experiment"
        submit={look.advice().submit}
        isSecondary={look.advice().isSecondary}
        isBlocked={look.advice().isBlocked}
      >
        <KeptNotice of={kept} />
        <Select
          label="Method"
          at="#/method"
          hint={`Its stages: ${stages().join(', ')}`}
          value={draft.method}
          choices={Object.entries(METHOD_WORDS).map(([name, words]) => [name, `${name}: ${words}`] as const)}
          onInput={(text) => setDraft({ method: text as ExperimentDraft['method'] })}
        />
        <Select
          label="Model"
          at="#/baseModel"
          value={draft.baseModel}
          choices={props.parts.models.filter(({ served }) => !served).map(named)}
          onInput={(baseModel) => setDraft({ baseModel })}
        />
        <PrincipleFields
          principles={props.parts.principles}
          name={draft.principle}
          version={draft.version}
          onChange={(principle, version) => setDraft({ principle, version })}
        />
        <Select
          label="Prompts"
          at="#/promptSet"
          hint={prompts().counts}
          warning={fewComparisons()}
          value={draft.promptSet}
          choices={props.parts.promptSets.map(named)}
          onInput={(promptSet) => setDraft({ promptSet })}
        />
        <div class="row start">
          <TextField
            label="Seed"
            at="#/seed"
            class="short"
            value={draft.seed}
            onInput={(seed) => setDraft({ seed })}
          />
          <TextField
            label="Shards"
            at="#/shards"
            class="short"
            placeholder="1"
            value={draft.shards}
            onInput={(shards) => setDraft({ shards })}
          />
          <Select
            label="Form"
            at="#/form"
            class="grow"
            value={draft.form}
            choices={[
              ['', 'as principle and model have it'],
              ...PROMPT_FORMS.map((name) => [name, name] as const),
            ]}
            onInput={(text) => setDraft({ form: text })}
          />
          <Select
            label="Simulated by"
            at="#/simulator"
            class="grow"
            value={draft.simulator}
            choices={[['', 'the model itself'], ...props.parts.models.map(named)]}
            onInput={(simulator) => setDraft({ simulator })}
          />
        </div>
        <CheckField
          label="Teach a scorer for the edge"
          at="#/scorer"
          checked={draft.scorer}
          onChange={(scorer) => setDraft({ scorer })}
        />
        <Show when={takesBudget(draft)}>
          <div class="row start">
            <TextField
              label="Budget"
              at={BUDGET}
              class="grow"
              placeholder="30m"
              hint="What the run may take: a look chooses the sizes and shows them; as the hyperparameters say unless given"
              value={draft.budget}
              onInput={(budget) => look.setBudget({ budget: budget.trim() })}
            />
            <TextField
              label="Longest answer"
              at={LONGEST}
              class="short"
              placeholder={String(LONGEST_ANSWER)}
              hint="In tokens"
              value={draft.longestAnswer}
              onInput={(longestAnswer) => look.setBudget({ longestAnswer })}
            />
          </div>
        </Show>
        <HyperparametersField
          method={draft.method}
          value={draft.hyperparameters}
          onInput={(hyperparameters) => setDraft({ hyperparameters })}
        />
        <TextField
          label="Name"
          at="#/name"
          hint="Made from method and principle where it is empty"
          value={draft.name}
          onInput={(name) => setDraft({ name })}
        />
        <Show when={look.isPossible()} fallback={<NoLook draft={draft} />}>
          <LookPanel look={look} />
        </Show>
      </FormView>
    </section>
  );
}
