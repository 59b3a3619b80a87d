/** By what the tokens of both answers are coloured, and what the colours mean. */
import { For, Show } from 'solid-js';
import type { Scale } from '../../../components/token-levels.ts';
import { TokenLegend } from '../../../components/token-text.tsx';

const CHOICES = [
  ['', 'none'],
  ['model', 'difference from the other model'],
  ['likely', 'log-probability'],
] as const satisfies readonly (readonly [Scale | '', string])[];

interface TokenColoursProps {
  readonly scale: Scale | undefined;
  readonly onChange: (scale: Scale | undefined) => void;
}

export function TokenColours(props: TokenColoursProps) {
  const choose = (value: string) => {
    const chosen = CHOICES.find(([name]) => name === value)?.[0] ?? '';
    props.onChange(chosen === '' ? undefined : chosen);
  };
  return (
    <div class="stack close">
      <label class="field short">
        <span>Token colours</span>
        <select value={props.scale ?? ''} onChange={(event) => choose(event.currentTarget.value)}>
          <For each={CHOICES}>{([value, text]) => <option value={value}>{text}</option>}</For>
        </select>
      </label>
      <Show when={props.scale}>{(scale) => <TokenLegend scale={scale()} />}</Show>
      <Show when={props.scale === 'model'}>
        <p class="small muted">Each answer as its own model and the other one read it, at temperature 1.</p>
      </Show>
    </div>
  );
}
