/** The look before the leap: its button, what it found, what the run would take, and what speaks against it. */
import { For, Match, Show, Switch } from 'solid-js';
import { ApiError } from '../../../../../shared/api/client.ts';
import { Problem } from '../../../components/feedback.tsx';
import { useForm } from '../../../form/create-form.ts';
import { focusFault } from '../../../form/focus-fault.ts';
import type { ExperimentDraft } from '../draft.ts';
import { LookFigures } from './look-figures.tsx';
import { PlanTable } from './plan-table.tsx';
import type { FormLook } from './use-look.ts';

export function LookPanel(props: { readonly look: FormLook }) {
  const { look } = props;
  const form = useForm();
  return (
    <section class="panel stack close" aria-labelledby="look">
      <h2 id="look">Look first</h2>
      <p class="small muted">
        A runner answers 32 of the prompts on each side, reads every answer behind both prompts, and measures
        how fast it is: whether a run can work, and how long it takes, before anything is spent.
      </p>
      <div class="row">
        <button
          type="button"
          class={`button ${look.isCurrent() ? '' : 'primary'}`}
          disabled={look.taking.isPending}
          onClick={({ currentTarget }) => {
            if (form.check(look.answers)) look.taking.mutate();
            else focusFault(currentTarget.form);
          }}
        >
          {look.taking.isPending ? 'Looking…' : look.taken() ? 'Look again' : 'Look first'}
        </button>
        <Show when={look.taking.isPending}>
          <button type="button" class="button" onClick={() => look.stop()}>
            Stop
          </button>
        </Show>
        <span class="small muted" role="status">
          {look.taking.isPending ? look.progress() : ''}
        </span>
      </div>
      <Show when={look.taking.isError && !look.isStopped() && look.taking.error}>
        {(error) => <Failed error={error()} />}
      </Show>
      <Show when={look.taken()}>
        {(taken) => (
          <>
            <Show when={!look.isCurrent()}>
              <p class="notice warn">This look was at other settings than the form has now.</p>
            </Show>
            <LookFigures
              result={taken().result}
              longestAnswer={taken().longestAnswer}
              form={taken().sizing.form}
            />
            <Show when={look.plan()}>{(plan) => <PlanTable plan={plan()} result={taken().result} />}</Show>
            <Show when={look.doubts().length > 0}>
              <Doubts look={look} />
            </Show>
          </>
        )}
      </Show>
    </section>
  );
}

function Doubts(props: { readonly look: FormLook }) {
  return (
    <div class="notice warn" role="alert">
      <strong>This run would hardly work</strong>
      <ul>
        <For each={props.look.doubts()}>{(doubt) => <li>{doubt}</li>}</For>
      </ul>
      <label class="check">
        <input
          type="checkbox"
          checked={props.look.isAccepted()}
          onChange={(event) => props.look.accept(event.currentTarget.checked)}
        />
        <span>Go on all the same</span>
      </label>
    </div>
  );
}

/** What the API refuses, fault by fault; what a runner or the form says, in its words. */
function Failed(props: { readonly error: Error }) {
  const problem = () => (props.error instanceof ApiError ? props.error.problem : undefined);
  return (
    <Switch fallback={<Problem error={props.error} />}>
      <Match when={problem()?.errors}>
        {(errors) => (
          <div class="notice bad" role="alert">
            <strong>The look was refused</strong>
            <ul>
              <For each={errors()}>{({ detail }) => <li>{detail}</li>}</For>
            </ul>
          </div>
        )}
      </Match>
      <Match when={!problem()}>
        <p class="notice bad" role="alert">
          {props.error.message}
        </p>
      </Match>
    </Switch>
  );
}

/** Why there is nothing to look at, where a reader might expect it. */
export function NoLook(props: { readonly draft: ExperimentDraft }) {
  return (
    <Show when={props.draft.simulator !== ''}>
      <p class="small muted">
        The answers of a model that simulates for another are first seen in the simulation, which ends by
        itself where hardly one is kept of the first 256.
      </p>
    </Show>
  );
}
