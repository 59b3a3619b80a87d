/** How far something is, as a thin bar that screen readers know. */
import { percent } from '../text/format.ts';

export function Meter(props: { readonly share: number; readonly label: string }) {
  const share = () => Math.min(1, Math.max(0, props.share));
  return (
    <svg
      class="bar"
      viewBox="0 0 100 6"
      preserveAspectRatio="none"
      role="progressbar"
      aria-label={props.label}
      aria-valuemin="0"
      aria-valuemax="100"
      aria-valuenow={Math.round(100 * share())}
      aria-valuetext={percent(share(), 0)}
    >
      <rect width="100" height="6" />
      <rect width={100 * share()} height="6" />
    </svg>
  );
}
