/** A question, and what the base and the aligned model made of it. */
import { For, Match, Show, Switch } from 'solid-js';
import { ApiError } from '../../../../../shared/api/client.ts';
import { Problem } from '../../../components/feedback.tsx';
import { ModelText } from '../../../components/model-text.tsx';
import { AnswerError } from './ask.ts';
import { SIDES, type Round, type Side } from './conversation.ts';

const TITLES: Readonly<Record<Side, string>> = { base: 'Base', aligned: 'Aligned' };

export function RoundView(props: { readonly round: Round }) {
  return (
    <li class="panel stack close">
      <ModelText text={props.round.asked} class="prompt" />
      <div class="sides">
        <For each={SIDES}>
          {(side) => (
            <div
              class={`side ${side === 'aligned' ? 'good' : ''}`}
              role="group"
              aria-label={TITLES[side]}
              aria-busy={props.round.answers[side].isWriting}
            >
              <h3>{TITLES[side]}</h3>
              <Show when={props.round.answers[side].text !== '' || !props.round.answers[side].isWriting}>
                <ModelText text={props.round.answers[side].text} />
              </Show>
              <Show when={props.round.answers[side].isWriting}>
                <span class="small muted" role="status">
                  writing…
                </span>
              </Show>
              <Refusal problem={props.round.answers[side].problem} />
            </div>
          )}
        </For>
      </div>
    </li>
  );
}

function Refusal(props: { readonly problem: unknown }) {
  const refused = () => (props.problem instanceof AnswerError ? props.problem.message : undefined);
  return (
    <Switch>
      <Match when={refused()}>
        {(message) => (
          <p class="notice bad" role="alert">
            {message()}
          </p>
        )}
      </Match>
      <Match when={props.problem instanceof ApiError || props.problem instanceof Error}>
        <Problem error={props.problem} />
      </Match>
    </Switch>
  );
}
