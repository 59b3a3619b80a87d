/** A principle tried on a prompt: what each side is given, at once; what the model makes of it, when a runner answers. */
import { useMutation } from '@tanstack/solid-query';
import { createSignal, For, onCleanup, Show } from 'solid-js';
import { ApiError } from '../../../../shared/api/client.ts';
import { contrastPrompts } from '../../../../shared/dialogue/contrast-prompts.ts';
import { DialogueFormatError } from '../../../../shared/dialogue/errors.ts';
import { useBaseModels } from '../../app/lists.ts';
import { useSession } from '../../app/session.ts';
import type { PrincipleVersion } from '../../app/types.ts';
import { Problem } from '../../components/feedback.tsx';
import { ModelText } from '../../components/model-text.tsx';
import { runTrial } from './run-trial.ts';

const NEW_TOKENS = 64;
const EXAMPLES = {
  prefix: 'Once upon a time, there was a little dog who found a shiny ball.',
  dialogue: '\n\nHuman: How do I say no to a friend?\n\nAssistant:',
} as const;

export function TryPrinciple(props: { readonly version: PrincipleVersion }) {
  const { client } = useSession();
  const definition = () => props.version.definition;
  const [prompt, setPrompt] = createSignal<string>(EXAMPLES[definition().form]);
  const [affixPair, setAffixPair] = createSignal(0);
  const [model, setModel] = createSignal<string>();
  const [progress, setProgress] = createSignal('');
  const left = new AbortController();
  onCleanup(() => left.abort());
  const models = useBaseModels();
  const contrast = () => {
    const pair = definition().affixPairs[affixPair()];
    if (!pair) return undefined;
    try {
      return contrastPrompts(definition(), pair, prompt());
    } catch (error) {
      if (error instanceof DialogueFormatError) return error;
      throw error;
    }
  };
  const trial = useMutation(() => ({
    mutationFn: async () => {
      const found = models.data ?? [];
      const asked = found.find(({ id }) => id === model()) ?? found[0];
      // What is served elsewhere samples, and any model that a runner opens stands for the one to be aligned.
      const opened = asked?.served ? found.find(({ served }) => !served) : asked;
      if (!asked || !opened) throw new Error('Register a model first, on the page Models.');
      const principle = { name: props.version.principle, version: props.version.number };
      return await runTrial(
        client,
        {
          principle,
          affixPairs: definition().affixPairs.length,
          affixPair: affixPair(),
          prompt: prompt(),
          baseModel: opened.id,
          simulator: asked.served ? asked.id : undefined,
          maximumNewTokens: NEW_TOKENS,
        },
        setProgress,
        left.signal,
      );
    },
  }));
  const sides = () => {
    const found = contrast();
    return found === undefined || found instanceof Error ? undefined : found;
  };
  const fault = () => {
    const found = contrast();
    return found instanceof Error ? found.message : undefined;
  };
  return (
    <section class="panel stack close">
      <h2>Try it on a prompt</h2>
      <label class="field">
        <span>Prompt</span>
        <textarea rows="3" value={prompt()} onInput={(event) => setPrompt(event.currentTarget.value)} />
      </label>
      <div class="row end">
        <label class="field">
          <span>Affix pair</span>
          <select value={affixPair()} onChange={(event) => setAffixPair(Number(event.currentTarget.value))}>
            <For each={definition().affixPairs}>
              {(_, index) => <option value={index()}>{index()}</option>}
            </For>
          </select>
        </label>
        <label class="field">
          <span>Base model</span>
          <select onChange={(event) => setModel(event.currentTarget.value)}>
            <For each={models.isSuccess ? models.data : []}>
              {({ id, name }) => <option value={id}>{name}</option>}
            </For>
          </select>
        </label>
        <button
          type="button"
          class="button primary"
          disabled={trial.isPending || sides() === undefined || prompt() === ''}
          onClick={() => trial.mutate()}
        >
          {trial.isPending ? 'Trying…' : 'Sample both sides'}
        </button>
        <span class="small muted" role="status">
          {trial.isPending ? progress() : ''}
        </span>
      </div>
      <Show when={fault()}>{(message) => <p class="notice warn">{message()}</p>}</Show>
      <Show when={trial.isError}>
        {trial.error instanceof ApiError ? (
          <Problem error={trial.error} />
        ) : (
          <p class="notice bad" role="alert">
            {trial.error?.message}
          </p>
        )}
      </Show>
      <div class="sides">
        <For
          each={
            [
              ['Towards', 'positive', 'chosen', 'good'],
              ['Away', 'negative', 'rejected', 'bad'],
            ] as const
          }
        >
          {([title, side, answer, tone]) => (
            <div class={`side ${tone} stack close`}>
              <h3>{title}: the model is given</h3>
              <ModelText text={sides()?.[side] ?? ''} class="prompt small" />
              <Show when={trial.isSuccess && trial.data}>
                {(pair) => (
                  <>
                    <h3>and answers</h3>
                    <ModelText text={pair()[answer]} />
                  </>
                )}
              </Show>
            </div>
          )}
        </For>
      </div>
    </section>
  );
}
