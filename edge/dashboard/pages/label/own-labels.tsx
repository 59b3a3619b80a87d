/** What one's own labels say: progress, agreement with the judges, position bias. */
import { For, Show } from 'solid-js';
import type { Comparison } from '../../app/types.ts';
import { percent, percentRange } from '../../text/format.ts';
import { tooFew, FEWEST } from '../../components/win-rate.tsx';
import { agreementWithJudges, shareOfFirstSide } from './agreement.ts';

interface OwnLabelsProps {
  readonly own: readonly Comparison[];
  readonly machine: readonly Comparison[];
}

export function OwnLabels(props: OwnLabelsProps) {
  const agreements = () => agreementWithJudges(props.own, props.machine);
  const first = () => shareOfFirstSide(props.own);
  return (
    <dl class="facts">
      <For each={agreements()}>
        {({ judge, agreed, kappa }) => (
          <div>
            <dt>Agreement with {judge}</dt>
            <dd>
              {percent(agreed.accuracy)}{' '}
              <span class="muted small">
                [{percentRange(agreed.interval)}], n = {agreed.n}
                {kappa ? `, kappa ${kappa.kappa.toFixed(2)}` : ''}
              </span>
              <Show when={agreed.n < FEWEST}>
                <div class="tiny muted">{tooFew(agreed.n)}</div>
              </Show>
            </dd>
          </div>
        )}
      </For>
      <Show when={first()}>
        {(share) => (
          <div>
            <dt>Position bias: A chosen</dt>
            <dd>
              {percent(share().accuracy)}{' '}
              <span class="muted small">
                [{percentRange(share().interval)}], n = {share().n};{' '}
                {share().interval.lower > 0.5 || share().interval.upper < 0.5
                  ? 'the side seems to matter'
                  : 'fair is 50 %'}
              </span>
            </dd>
          </div>
        )}
      </Show>
    </dl>
  );
}
