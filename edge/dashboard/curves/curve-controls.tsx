/** Over what curves are drawn, how smoothly, on which scale, and which of them. */
import { For } from 'solid-js';
import { ACROSS, SMOOTHINGS, type Across, type CurveView } from './curve-view.ts';

interface CurveControlsProps {
  readonly view: CurveView;
  readonly onChange: (change: Partial<CurveView>) => void;
}

export function CurveControls(props: CurveControlsProps) {
  return (
    <form
      class="row end"
      role="search"
      aria-label="How curves are drawn"
      onSubmit={(event) => event.preventDefault()}
    >
      <label class="field grow">
        <span>Metrics</span>
        <input
          type="search"
          placeholder="Words of their names: reward, kl, entropy"
          value={props.view.filter}
          onInput={(event) => props.onChange({ filter: event.currentTarget.value })}
        />
      </label>
      <label class="field">
        <span>Over</span>
        <select
          value={props.view.across}
          onChange={(event) => props.onChange({ across: event.currentTarget.value as Across })}
        >
          <For each={Object.entries(ACROSS)}>{([value, text]) => <option value={value}>{text}</option>}</For>
        </select>
      </label>
      <label class="field">
        <span>Smoothing</span>
        <select
          value={props.view.smoothing}
          onChange={(event) =>
            props.onChange({ smoothing: event.currentTarget.value as CurveView['smoothing'] })
          }
        >
          <For each={Object.keys(SMOOTHINGS)}>{(name) => <option value={name}>{name}</option>}</For>
        </select>
      </label>
      <label class="check">
        <input
          type="checkbox"
          checked={props.view.log}
          onChange={(event) => props.onChange({ log: event.currentTarget.checked })}
        />
        Log scale
      </label>
    </form>
  );
}
