/** The stages as a graph, from left to right, each with its state, its progress and why it waits. */
import { For, Show } from 'solid-js';
import type { Stage } from '../../app/types.ts';
import { Meter } from '../../components/meter.tsx';
import { Status } from '../../components/status.tsx';
import { layoutStages, type Place } from './stage-layout.ts';
import { stateOf, whyOf } from './stage-state.ts';

/** A stage's size, as the style sheet has it. */
const WIDTH = 172;
const HEIGHT = 74;
const GAP_X = 32;
const GAP_Y = 18;

const left = ({ column }: Place) => column * (WIDTH + GAP_X);
const top = ({ row }: Place) => row * (HEIGHT + GAP_Y);

/** A curve from the right edge of one stage to the left edge of another. */
function edgePath(from: Place, to: Place): string {
  const [x, y] = [left(from) + WIDTH, top(from) + HEIGHT / 2];
  const [endX, endY] = [left(to), top(to) + HEIGHT / 2];
  const bend = x + GAP_X / 2;
  // Past a column in between, the line runs below the stages there.
  if (to.column - from.column > 1) {
    const low = Math.max(top(from), top(to)) + HEIGHT + GAP_Y / 2;
    return `M${x} ${y}C${bend} ${y} ${bend} ${low} ${x + GAP_X} ${low}H${endX - GAP_X}C${endX - GAP_X / 2} ${low} ${endX - GAP_X / 2} ${endY} ${endX} ${endY}`;
  }
  return `M${x} ${y}C${bend} ${y} ${bend} ${endY} ${endX} ${endY}`;
}

export function StageGraph(props: { readonly stages: readonly Stage[] }) {
  const places = () => layoutStages(props.stages);
  const width = () => Math.max(...[...places().values()].map(left)) + WIDTH;
  const height = () => Math.max(...[...places().values()].map(top)) + HEIGHT + GAP_Y;
  const edges = () =>
    props.stages.flatMap(({ name, needs }) =>
      needs.flatMap((need) => {
        const [from, to] = [places().get(need), places().get(name)];
        return from && to ? [edgePath(from, to)] : [];
      }),
    );
  return (
    <div class="scroll" tabindex="0" role="region" aria-label="Stages and what each reads from">
      <ol class="graph" style={{ width: `${width()}px`, height: `${height()}px` }}>
        <svg aria-hidden="true" width={width()} height={height()}>
          <For each={edges()}>{(path) => <path d={path} />}</For>
        </svg>
        <For each={props.stages}>
          {(stage) => {
            const place = () => places().get(stage.name) ?? { column: 0, row: 0 };
            return (
              <li
                class="stage"
                title={whyOf(stage)}
                style={{
                  left: `${left(place())}px`,
                  top: `${top(place())}px`,
                }}
              >
                <strong>{stage.name}</strong>
                <Status status={stateOf(stage)} />
                <Show when={stage.status === 'running' || stage.status === 'failed'}>
                  <Meter share={stage.progress} label={`Progress of ${stage.name}`} />
                </Show>
              </li>
            );
          }}
        </For>
      </ol>
    </div>
  );
}
