/** One preference pair: both sides beside each other, with what made them and how far apart they are. */
import { createMemo, Show } from 'solid-js';
import type { Pair, PrincipleVersion, Scorer } from '../../app/types.ts';
import { ModelText } from '../../components/model-text.tsx';
import { tokensIn, type Scale } from '../../components/token-levels.ts';
import { TokenText } from '../../components/token-text.tsx';
import { count, percent } from '../../text/format.ts';
import { words } from '../../../../shared/text/words.ts';
import { PairScores } from './pair-scores.tsx';

interface PairCardProps {
  readonly pair: Pair;
  readonly affixPairs: PrincipleVersion['definition']['affixPairs'] | undefined;
  /** Asked for its scores; undefined for none. */
  readonly scorer: Scorer | undefined;
  /** What the tokens' colours mean; undefined for none. */
  readonly scale: Scale | undefined;
}

/** Characters, not UTF-16 units: as the API counts them. */
const lengthOf = (text: string) => Array.from(text).length;

export function PairCard(props: PairCardProps) {
  const gap = () => lengthOf(props.pair.chosen) - lengthOf(props.pair.rejected);
  const affixes = () =>
    props.pair.affixPair === null ? undefined : props.affixPairs?.[props.pair.affixPair];
  return (
    <li class="panel stack close">
      <h2>Prompt {props.pair.promptId}</h2>
      <dl class="facts small">
        <div>
          <dt>Label: chosen is better</dt>
          <dd>{percent(props.pair.labelProbability)}</dd>
        </div>
        <div>
          <dt>Margin</dt>
          <dd>{(2 * props.pair.labelProbability - 1).toFixed(2)}</dd>
        </div>
        <div>
          <dt>Length gap</dt>
          <dd>
            {gap() > 0 ? '+' : gap() < 0 ? '−' : ''}
            {count(Math.abs(gap()))} characters
          </dd>
        </div>
        <Show when={props.pair.affixPair !== null}>
          <div>
            <dt>Affix pair</dt>
            <dd>{props.pair.affixPair}</dd>
          </div>
        </Show>
      </dl>
      <Show when={props.scorer}>{(scorer) => <PairScores pair={props.pair} scorer={scorer()} />}</Show>
      <ModelText text={props.pair.prompt} class="prompt" />
      <div class="sides">
        <section class="side good">
          <SideHeading name="Chosen" text={props.pair.chosen} />
          <Show when={affixes()}>
            {(pair) => <ModelText text={pair().positive.trim()} class="small muted affix" />}
          </Show>
          <Response pair={props.pair} side="chosen" scale={props.scale} />
        </section>
        <section class="side bad">
          <SideHeading name="Rejected" text={props.pair.rejected} />
          <Show when={affixes()}>
            {(pair) => <ModelText text={pair().negative.trim()} class="small muted affix" />}
          </Show>
          <Response pair={props.pair} side="rejected" scale={props.scale} />
        </section>
      </div>
    </li>
  );
}

function Response(props: Pick<PairCardProps, 'pair' | 'scale'> & { readonly side: 'chosen' | 'rejected' }) {
  const text = () => props.pair[props.side];
  const found = createMemo(() => tokensIn(text(), props.pair.tokens?.[props.side]));
  return (
    <Show when={props.scale !== undefined && found()} fallback={<ModelText text={text()} />}>
      {(known) => <TokenText {...known()} scale={props.scale ?? 'affix'} comparison="affix" />}
    </Show>
  );
}

function SideHeading(props: { readonly name: string; readonly text: string }) {
  return (
    <div class="row">
      <h3>{props.name}</h3>
      <span class="tiny muted">
        {count(lengthOf(props.text))} characters, {count(words(props.text).length)} words
      </span>
    </div>
  );
}
