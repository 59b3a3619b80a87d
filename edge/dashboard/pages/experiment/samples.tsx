/** What the policy writes to the same prompts as it trains: one prompt, one KL coefficient, every step. */
import { useSearchParams } from '@solidjs/router';
import { useQuery } from '@tanstack/solid-query';
import { createMemo, createSignal, For, Show } from 'solid-js';
import { useSession } from '../../app/session.ts';
import type { ExperimentDetail, Sample } from '../../app/types.ts';
import { Empty, Loaded } from '../../components/feedback.tsx';
import { ModelText } from '../../components/model-text.tsx';
import { count, figure } from '../../text/format.ts';
import { meanOf, signed, tokensOf, type Scale } from '../../components/token-levels.ts';
import { TokenLegend, TokenText } from '../../components/token-text.tsx';

const PAGE = 200;
const MOST = 2000;
/** Shown before anybody asks for more: a long run has hundreds, of hundreds of tokens each. */
const FIRST_SAMPLES = 20;

const COLOURS = [
  ['likely', 'log-probability'],
  ['moved', 'difference from the base model'],
  ['none', 'none'],
] as const satisfies readonly (readonly [Scale | 'none', string])[];
/** What is open, as it stands in the address. */
type Opened = Record<'prompt' | 'coefficient' | 'colours', string>;

const coefficientOf = ({ detail }: Sample) => JSON.stringify(detail?.['klCoefficient'] ?? null);

export function Samples(props: { readonly experiment: ExperimentDetail }) {
  const { client } = useSession();
  const task = () => props.experiment.stages.find(({ kind }) => kind === 'ppo')?.tasks[0];
  const samples = useQuery(() => ({
    queryKey: ['task', task()?.id, 'samples'],
    queryFn: async () => {
      const found: Sample[] = [];
      const taskId = task()?.id;
      if (taskId === undefined) return found;
      for (let cursor: string | undefined; found.length < MOST;) {
        const query = { limit: PAGE, ...(cursor === undefined ? {} : { cursor }) };
        const page = await client.listSamples({ parameters: { taskId }, query });
        found.push(...page.items);
        if (page.nextCursor === null) break;
        cursor = page.nextCursor;
      }
      return found;
    },
  }));
  return (
    <Loaded query={samples} what="samples">
      {(found) => (
        <Show
          when={found().length > 0}
          fallback={<Empty title="No sample yet">The stage ppo reports some every few steps.</Empty>}
        >
          <SampleBrowser samples={found()} />
        </Show>
      )}
    </Loaded>
  );
}

function SampleBrowser(props: { readonly samples: readonly Sample[] }) {
  const prompts = createMemo(() => [
    ...new Map(props.samples.map((sample) => [sample.promptId, sample.prompt])),
  ]);
  const coefficients = createMemo(() => [...new Set(props.samples.map(coefficientOf))].sort());
  const [parameters, setParameters] = useSearchParams<Opened>();
  const set = (change: Partial<Opened>) => setParameters(change, { replace: true });
  const scale = () => COLOURS.find(([name]) => name === parameters.colours)?.[0] ?? 'likely';
  const [all, setAll] = createSignal(false);
  const shownPrompt = () => (prompts().find(([id]) => id === parameters.prompt) ?? prompts()[0])?.[0];
  const shownCoefficient = () =>
    coefficients().find((value) => value === parameters.coefficient) ?? coefficients()[0];
  const chosen = createMemo(() =>
    props.samples.filter(
      (sample) => sample.promptId === shownPrompt() && coefficientOf(sample) === shownCoefficient(),
    ),
  );
  const shown = () => (all() ? chosen() : chosen().slice(0, FIRST_SAMPLES));
  const haveTokens = createMemo(() => chosen().some((sample) => tokensOf(sample) !== undefined));
  return (
    <div class="stack">
      <div class="row end">
        <label class="field grow">
          <span>Prompt</span>
          <select value={shownPrompt()} onChange={(event) => set({ prompt: event.currentTarget.value })}>
            <For each={prompts()}>
              {([id, prompt]) => (
                <option value={id} selected={id === shownPrompt()}>
                  {id}: {prompt.slice(0, 80)}
                </option>
              )}
            </For>
          </select>
        </label>
        <label class="field">
          <span>KL coefficient</span>
          <select
            value={shownCoefficient()}
            onChange={(event) => set({ coefficient: event.currentTarget.value })}
          >
            <For each={coefficients()}>
              {(value) => (
                <option value={value} selected={value === shownCoefficient()}>
                  {value}
                </option>
              )}
            </For>
          </select>
        </label>
        <Show when={haveTokens()}>
          <label class="field">
            <span>Token colours</span>
            <select value={scale()} onChange={(event) => set({ colours: event.currentTarget.value })}>
              <For each={COLOURS}>
                {([value, text]) => (
                  <option value={value} selected={value === scale()}>
                    {text}
                  </option>
                )}
              </For>
            </select>
          </label>
        </Show>
      </div>
      <Show
        when={haveTokens()}
        fallback={<p class="small muted">These samples carry no log-probabilities of their tokens.</p>}
      >
        <Show when={colours(scale())}>{(used) => <TokenLegend scale={used()} />}</Show>
      </Show>
      <div class="panel stack close">
        <h2>Prompt</h2>
        <ModelText text={shown()[0]?.prompt ?? ''} class="prompt" />
      </div>
      <ol class="stack close">
        <For each={shown()}>{(sample) => <OneSample sample={sample} scale={colours(scale())} />}</For>
      </ol>
      <Show when={shown().length < chosen().length}>
        <button type="button" class="button" onClick={() => setAll(true)}>
          Show {count(chosen().length - shown().length)} earlier ones
        </button>
      </Show>
    </div>
  );
}

const colours = (choice: Scale | 'none') => (choice === 'none' ? undefined : choice);

function OneSample(props: { readonly sample: Sample; readonly scale: Scale | undefined }) {
  const found = createMemo(() => tokensOf(props.sample));
  return (
    <li class="panel stack close">
      <p class="row small muted">
        <strong>step {props.sample.step}</strong>
        <span>score {props.sample.score === null ? '–' : figure(props.sample.score)}</span>
        <Show when={typeof props.sample.detail?.['kl'] === 'number'}>
          <span>KL {figure(Number(props.sample.detail?.['kl']))}</span>
        </Show>
        <Show when={found()}>
          {(known) => (
            <span>
              {count(known().tokens.length)} tokens, mean log-probability{' '}
              {signed(meanOf(known().tokens, 'policy'))}, under the base model{' '}
              {signed(meanOf(known().tokens, 'base'))}
            </span>
          )}
        </Show>
      </p>
      <Show when={props.scale !== undefined && found()} fallback={<ModelText text={props.sample.response} />}>
        {(known) => <TokenText {...known()} scale={props.scale ?? 'likely'} comparison="policy" />}
      </Show>
    </li>
  );
}
