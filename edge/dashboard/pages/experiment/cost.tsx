/** What an experiment has cost so far. */
import { For, Show } from 'solid-js';
import type { ExperimentDetail } from '../../app/types.ts';
import { count, duration } from '../../text/format.ts';

const TOKENS = [
  { key: 'prompt', label: 'Tokens read' },
  { key: 'sampled', label: 'Tokens sampled' },
  { key: 'scored', label: 'Tokens scored' },
  { key: 'trained', label: 'Tokens trained on' },
] as const;

export function Cost(props: { readonly cost: ExperimentDetail['cost'] }) {
  return (
    <section class="panel" aria-labelledby="cost">
      <h2 id="cost">Cost</h2>
      <dl class="facts">
        <div>
          <dt>Runner time</dt>
          <dd>
            {duration(props.cost.runnerSeconds)}
            <Show when={props.cost.sharedRunnerSeconds > 0}>
              , and {duration(props.cost.sharedRunnerSeconds)} that count where they were asked for
            </Show>
          </dd>
        </div>
        <div>
          <dt>GPU time</dt>
          <dd>
            <Show when={props.cost.gpuSeconds > 0} fallback="none">
              {duration(props.cost.gpuSeconds)}
            </Show>
          </dd>
        </div>
        <For each={TOKENS}>
          {({ key, label }) => (
            <div>
              <dt>{label}</dt>
              <dd>{count(props.cost.tokens[key])}</dd>
            </div>
          )}
        </For>
        <div>
          <dt>Tasks</dt>
          <dd>
            {count(props.cost.tasks)}
            <Show when={props.cost.sharedTasks > 0}>
              , {count(props.cost.sharedTasks)} shared with another experiment
            </Show>
          </dd>
        </div>
      </dl>
    </section>
  );
}
