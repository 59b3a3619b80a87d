/** A response with its tokens coloured and underlined by log-probability, the legend, and the same as a table. */
import { createSignal, For, Show } from 'solid-js';
import { ModelText, Pieces } from './model-text.tsx';
import {
  levelOf,
  likelihood,
  referenceOf,
  SCALES,
  signed,
  titleOf,
  type Comparison,
  type Scale,
  type ShownToken,
} from './token-levels.ts';

interface TokenTextProps {
  readonly tokens: readonly ShownToken[];
  /** Text behind the last token. */
  readonly rest: string;
  readonly scale: Scale;
  /** What the second figure of each token is. */
  readonly comparison: Comparison;
}

export function TokenText(props: TokenTextProps) {
  const lead = (
    <For each={props.tokens}>
      {(token) => (
        <span class={`token ${levelOf(token, props.scale)}`} title={titleOf(token, props.comparison)}>
          <TokenItself token={token} />
        </span>
      )}
    </For>
  );
  return (
    <>
      <ModelText text={props.rest} lead={lead} />
      <TokenTable tokens={props.tokens} comparison={props.comparison} />
    </>
  );
}

function TokenItself(props: { readonly token: ShownToken }) {
  return (
    <Show when={props.token.text !== ''} fallback={<span class="mark">end</span>}>
      <span classList={{ 'line-end': /^\s*\n\s*$/.test(props.token.text) }}>
        <Pieces text={props.token.text} />
      </span>
    </Show>
  );
}

/** For those who cannot point at a token: keyboards, screen readers, touch. */
function TokenTable(props: Pick<TokenTextProps, 'tokens' | 'comparison'>) {
  const [isOpen, setOpen] = createSignal(false);
  return (
    <details class="small" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>Tokens as a table</summary>
      <Show when={isOpen()}>
        <div class="scroll tall" tabindex="0" role="region" aria-label="Tokens with their log-probabilities">
          <table>
            <thead>
              <tr>
                <th scope="col">Token</th>
                <th scope="col" class="number">
                  Log-probability
                </th>
                <th scope="col" class="number">
                  {sentenceCase(referenceOf(props.comparison))}
                </th>
                <th scope="col" class="number">
                  Difference
                </th>
              </tr>
            </thead>
            <tbody>
              <For each={props.tokens}>
                {(token) => (
                  <tr>
                    <td class="text">
                      <TokenItself token={token} />
                    </td>
                    <td class="number">{likelihood(token.policy)}</td>
                    <td class="number">{likelihood(token.base)}</td>
                    <td class="number">{signed(token.policy - token.base)}</td>
                  </tr>
                )}
              </For>
            </tbody>
          </table>
        </div>
      </Show>
    </details>
  );
}

export function TokenLegend(props: { readonly scale: Scale }) {
  return (
    <ul class="legend" aria-label="What the colours mean">
      <For each={SCALES[props.scale]}>
        {({ name, meaning }) => (
          <li>
            <span class={`token ${name}`}>{meaning}</span>
          </li>
        )}
      </For>
    </ul>
  );
}

const sentenceCase = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);
