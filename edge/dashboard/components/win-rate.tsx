/** A win rate as it must be shown: with its interval and n; below 30 comparisons it is greyed and says so. */
import { Show } from 'solid-js';
import type { Interval } from '../app/types.ts';
import { count, percent, percentRange } from '../text/format.ts';

export const FEWEST = 30;

interface RangeProps {
  readonly rate: number;
  readonly interval: Interval;
  readonly n: number;
  readonly wide?: boolean;
}

/** The interval on the scale of 0 to 100 %, with one half marked. */
export function RateRange(props: RangeProps) {
  const length = () => (props.wide ? 480 : 120);
  const x = (share: number) => 4 + (length() - 8) * share;
  return (
    <svg
      class={`range${props.wide ? ' wide' : ''}${props.n < FEWEST ? ' unsure' : ''}`}
      viewBox={`0 0 ${length()} 16`}
      aria-hidden="true"
    >
      <line class="axis" x1={x(0)} x2={x(1)} y1="8" y2="8" />
      <line class="half" x1={x(0.5)} x2={x(0.5)} y1="1" y2="15" />
      <line class="interval" x1={x(props.interval.lower)} x2={x(props.interval.upper)} y1="8" y2="8" />
      <circle class="point" cx={x(props.rate)} cy="8" r="4" />
    </svg>
  );
}

export function tooFew(n: number): string {
  return `only ${count(n)} comparison${n === 1 ? '' : 's'}: at least ${FEWEST} are needed to say anything`;
}

export function WinRate(props: RangeProps) {
  return (
    <span class="row">
      <RateRange {...props} />
      <span
        class={props.n < FEWEST ? 'nowrap muted' : 'nowrap'}
        title={props.n < FEWEST ? tooFew(props.n) : ''}
      >
        {percent(props.rate)} <span class="muted tiny">[{percentRange(props.interval)}]</span>
        <Show when={props.n < FEWEST}>
          <span class="muted tiny"> n = {props.n}, too few</span>
        </Show>
      </span>
    </span>
  );
}
