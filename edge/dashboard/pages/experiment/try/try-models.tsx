/** Talks to the base and the aligned model, side by side; a runner that serves models answers. */
import { createEffect, createSignal, For, Show } from 'solid-js';
import { createStore } from 'solid-js/store';
import { promptForm } from '../../../../../shared/api/tasks/settings.ts';
import type { FieldError } from '../../../../../shared/api/field-errors.ts';
import { useSession } from '../../../app/session.ts';
import type { ExperimentDetail } from '../../../app/types.ts';
import { Empty } from '../../../components/feedback.tsx';
import type { Scale } from '../../../components/token-levels.ts';
import { faultsOf } from '../../../form/faults.ts';
import { isAligned, whatComes } from '../taken-model.ts';
import { questionOf } from './ask.ts';
import { createConversation } from './conversation.ts';
import { RoundView } from './round-view.tsx';
import { TokenColours } from './token-colours.tsx';

const GENERATE = 'generate';
const FIELDS = [
  ['temperature', 'Temperature'],
  ['seed', 'Seed'],
  ['max_tokens', 'Tokens at most'],
] as const;

/** Where a question stands in the request, in one of its forms. */
const PROMPT = '#/prompt';

/** What a field of the request is called here. */
function labelOf(pointer: string, question: string): string {
  return FIELDS.find(([name]) => pointer === `#/${name}`)?.[1] ?? question;
}

/** The form in which the experiment's own answers were asked for. */
function formOf({ stages }: ExperimentDetail) {
  const asked = stages.find(({ name }) => name === GENERATE)?.parameters['promptForm'];
  return promptForm.safeParse(asked).data ?? 'prefix';
}

export function TryModels(props: { readonly experiment: ExperimentDetail }) {
  const isOpen = () => props.experiment.status === 'queued' || props.experiment.status === 'running';
  return (
    <Show
      when={isAligned(props.experiment)}
      fallback={
        <Empty title={isOpen() ? 'No aligned model yet' : 'No aligned model'}>
          <p>{whatComes(props.experiment)}</p>
        </Empty>
      }
    >
      <Talk experiment={props.experiment} />
    </Show>
  );
}

function Talk(props: { readonly experiment: ExperimentDetail }) {
  const { client } = useSession();
  const form = formOf(props.experiment);
  const models = { base: props.experiment.baseModel.name, aligned: `${props.experiment.id}/adapter` };
  const label = form === 'prefix' ? 'A text that both go on with' : 'What both are asked';
  const conversation = createConversation({ client, models, form });
  const [prompt, setPrompt] = createSignal('');
  const [scale, setScale] = createSignal<Scale>();
  const [settings, setSettings] = createStore({ temperature: '1', seed: '1', max_tokens: '120' });
  const [faults, setFaults] = createSignal<readonly FieldError[]>([]);
  createEffect(() => {
    if (scale() === 'model' && !conversation.isWriting()) conversation.compare();
  });
  const ask = () => {
    const { temperature, seed, max_tokens } = settings;
    const read = {
      temperature: Number(temperature),
      seed: seed.trim() === '' ? Number.NaN : Number(seed),
      max_tokens: Number(max_tokens),
    };
    const { operation, input } = questionOf(form, models.aligned, [{ role: 'user', text: prompt() }], read);
    const missing = prompt() === '' ? [{ in: 'body' as const, pointer: PROMPT, detail: 'is empty' }] : [];
    setFaults([...missing, ...faultsOf(operation, input)]);
    if (faults().length > 0 || conversation.isWriting()) return;
    void conversation.ask(prompt(), read);
    setPrompt('');
  };
  return (
    <div class="stack">
      <Show when={conversation.rounds().length > 0}>
        <TokenColours scale={scale()} onChange={setScale} />
      </Show>
      <ol class="stack" aria-label="Conversation">
        <For each={conversation.rounds()}>
          {(round, index) => <RoundView round={round} number={index() + 1} scale={scale()} />}
        </For>
      </ol>
      <form
        class="panel stack close"
        aria-label="Ask both models"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          ask();
        }}
      >
        <label class="field">
          <span>{label}</span>
          <textarea rows="3" value={prompt()} onInput={(event) => setPrompt(event.currentTarget.value)} />
        </label>
        <div class="row end">
          <For each={FIELDS}>
            {([name, label]) => (
              <label class="field short">
                <span>{label}</span>
                <input
                  type="text"
                  inputmode="decimal"
                  value={settings[name]}
                  onInput={(event) => setSettings(name, event.currentTarget.value)}
                />
              </label>
            )}
          </For>
          <button type="submit" class="button primary" disabled={conversation.isWriting()}>
            {conversation.isWriting() ? 'They answer…' : 'Ask both'}
          </button>
          <Show when={conversation.isWriting()}>
            <button type="button" class="button" onClick={conversation.stop}>
              Stop
            </button>
          </Show>
          <Show when={conversation.rounds().length > 0 && !conversation.isWriting()}>
            <button type="button" class="button" onClick={conversation.reset}>
              Start anew
            </button>
          </Show>
        </div>
        <Show when={faults().length > 0}>
          <ul class="notice bad" role="alert">
            <For each={faults()}>
              {({ pointer, detail }) => (
                <li>
                  {labelOf(pointer, label)} {detail}
                </li>
              )}
            </For>
          </ul>
        </Show>
        <p class="tiny muted">
          Equal seeds give equal answers. A runner that serves models answers: one that was started with
          RLCD_SERVE_URL.
        </p>
      </form>
    </div>
  );
}
