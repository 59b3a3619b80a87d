/** What the policy writes to the same prompts as it trains: one prompt, one KL coefficient, every step. */
import { useQuery } from '@tanstack/solid-query';
import { createMemo, createSignal, For, Show } from 'solid-js';
import { useSession } from '../../app/session.ts';
import type { ExperimentDetail, Sample } from '../../app/types.ts';
import { Empty, Loaded } from '../../components/feedback.tsx';
import { ModelText } from '../../components/model-text.tsx';
import { figure } from '../../text/format.ts';

const PAGE = 200;
const MOST = 2000;

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
  const [promptId, setPromptId] = createSignal<string>();
  const [coefficient, setCoefficient] = createSignal<string>();
  const shownPrompt = () => promptId() ?? prompts()[0]?.[0];
  const shownCoefficient = () => coefficient() ?? coefficients()[0];
  const shown = () =>
    props.samples.filter(
      (sample) => sample.promptId === shownPrompt() && coefficientOf(sample) === shownCoefficient(),
    );
  return (
    <div class="stack">
      <div class="row end">
        <label class="field grow">
          <span>Prompt</span>
          <select value={shownPrompt()} onChange={(event) => setPromptId(event.currentTarget.value)}>
            <For each={prompts()}>
              {([id, prompt]) => (
                <option value={id}>
                  {id}: {prompt.slice(0, 80)}
                </option>
              )}
            </For>
          </select>
        </label>
        <label class="field">
          <span>KL coefficient</span>
          <select value={shownCoefficient()} onChange={(event) => setCoefficient(event.currentTarget.value)}>
            <For each={coefficients()}>{(value) => <option value={value}>{value}</option>}</For>
          </select>
        </label>
      </div>
      <div class="panel stack close">
        <h3>Prompt</h3>
        <ModelText text={shown()[0]?.prompt ?? ''} class="prompt" />
      </div>
      <ol class="stack close">
        <For each={shown()}>
          {(sample) => (
            <li class="panel stack close">
              <p class="row small muted">
                <strong>step {sample.step}</strong>
                <span>score {sample.score === null ? '–' : figure(sample.score)}</span>
                <Show when={typeof sample.detail?.['kl'] === 'number'}>
                  <span>KL {figure(Number(sample.detail?.['kl']))}</span>
                </Show>
              </p>
              <ModelText text={sample.response} />
            </li>
          )}
        </For>
      </ol>
    </div>
  );
}
