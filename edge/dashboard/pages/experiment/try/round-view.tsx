/** A question, and what the base and the aligned model made of it. */
import { createMemo, For, Match, Show, Switch } from 'solid-js';
import { ApiError } from '../../../../../shared/api/client.ts';
import { Problem } from '../../../components/feedback.tsx';
import { ModelText } from '../../../components/model-text.tsx';
import type { Scale } from '../../../components/token-levels.ts';
import { TokenText } from '../../../components/token-text.tsx';
import { AnswerError } from './ask.ts';
import { SIDES, type Round, type Side } from './conversation.ts';
import { comparedTokens } from './said-tokens.ts';

const TITLES: Readonly<Record<Side, string>> = { base: 'Base', aligned: 'Aligned' };

interface RoundViewProps {
  readonly round: Round;
  /** Counted from 1. */
  readonly number: number;
  /** By what its tokens are coloured; undefined: by nothing. */
  readonly scale: Scale | undefined;
}

export function RoundView(props: RoundViewProps) {
  return (
    <li class="panel stack close">
      <h2 class="sr-only">Question {props.number}</h2>
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
                <Said round={props.round} side={side} scale={props.scale} />
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

/** Its tokens, once both have answered. */
function Said(props: Omit<RoundViewProps, 'number'> & { readonly side: Side }) {
  const answer = () => props.round.answers[props.side];
  const tokens = createMemo(() => {
    if (props.scale === undefined || SIDES.some((side) => props.round.answers[side].isWriting))
      return undefined;
    const { text, tokens: drawn, read } = answer();
    if (props.scale !== 'model' || read === undefined || read[props.side].length === 0)
      return comparedTokens(text, drawn, undefined);
    return comparedTokens(text, read[props.side], read[props.side === 'base' ? 'aligned' : 'base']);
  });
  return (
    <Show when={tokens()} fallback={<ModelText text={answer().text} />}>
      {(known) => <TokenText tokens={known()} rest="" scale={props.scale ?? 'likely'} comparison="model" />}
    </Show>
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
