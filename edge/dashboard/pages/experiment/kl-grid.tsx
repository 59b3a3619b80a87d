/** The grid of KL coefficients and PPO steps: mean dev reward as a heat map, with marks of over-optimisation. */
import { createMemo, For, Show } from 'solid-js';
import type { z } from 'zod';
import { ppoResult } from '../../../../shared/api/tasks/ppo.ts';
import { selectResult } from '../../../../shared/api/tasks/select.ts';
import { choiceRule } from '../../../../shared/report/choice-rule.ts';
import type { ExperimentDetail } from '../../app/types.ts';
import { Empty } from '../../components/feedback.tsx';
import { figure } from '../../text/format.ts';
import { klNote } from '../../text/kl-note.ts';
import { overOptimised } from './over-optimised.ts';

type Selection = z.infer<typeof selectResult>;

const MARK = { clear: '▼▼', likely: '▼' } as const;

export function KlGrid(props: { readonly experiment: ExperimentDetail }) {
  const selection = createMemo(() => {
    const parsed = selectResult.safeParse(props.experiment.results['select']?.[0]);
    return parsed.success ? parsed.data : undefined;
  });
  return (
    <Show
      when={selection()}
      fallback={
        <Empty title="No grid yet">
          {props.experiment.stages.find(({ name }) => name === 'select')?.waitsFor ??
            'The stage select measures every cell on dev prompts.'}
        </Empty>
      }
    >
      {(found) => <Grid selection={found()} experiment={props.experiment} />}
    </Show>
  );
}

function Grid(props: { readonly selection: Selection; readonly experiment: ExperimentDetail }) {
  const table = () => props.selection.table;
  const coefficients = () => [...new Set(table().map(({ klCoefficient }) => klCoefficient))];
  const steps = () => [...new Set(table().map((cell) => cell.steps))].sort((a, b) => a - b);
  const rewards = () => table().map(({ meanReward }) => meanReward);
  /** 0 for the least reward of the grid, 1 for the greatest. */
  const heat = (reward: number) => {
    const [least, greatest] = [Math.min(...rewards()), Math.max(...rewards())];
    return greatest > least ? (reward - least) / (greatest - least) : 1;
  };
  const stops = () => {
    const parsed = ppoResult.safeParse(props.experiment.results['ppo']?.[0]);
    return parsed.success ? parsed.data.cells.filter(({ earlyStop }) => earlyStop !== null) : [];
  };
  const colour = (reward: number) =>
    `color-mix(in oklab, var(--heat) ${Math.round(3 + 42 * heat(reward))}%, var(--surface))`;
  return (
    <div class="stack">
      <div class="panel flush scroll" tabindex="0" role="region" aria-label="KL grid">
        <table class="grid-map">
          <caption>
            Mean reward on dev prompts, with its 95 % interval; KL in nats a sequence; length in tokens;
            Dist-2 as a share of the base model's. The framed cell was chosen: {choiceRule(props.selection)}.
          </caption>
          <thead>
            <tr>
              <th scope="col">KL coefficient</th>
              <For each={steps()}>{(step) => <th scope="col">{step} steps</th>}</For>
            </tr>
          </thead>
          <tbody>
            <For each={coefficients()}>
              {(coefficient) => (
                <tr>
                  <th scope="row">{coefficient}</th>
                  <For each={steps()}>
                    {(step) => {
                      const cell = table().find(
                        (candidate) => candidate.klCoefficient === coefficient && candidate.steps === step,
                      );
                      if (!cell) return <td class="muted">–</td>;
                      const { chosen } = props.selection;
                      const isChosen = chosen.klCoefficient === coefficient && chosen.steps === step;
                      const mark = overOptimised(cell, table());
                      return (
                        <td
                          classList={{ chosen: isChosen }}
                          style={{ 'background-color': colour(cell.meanReward) }}
                        >
                          <strong>
                            {figure(cell.meanReward)}
                            <Show when={mark}>
                              {(kind) => <span title="over-optimised"> {MARK[kind()]}</span>}
                            </Show>
                          </strong>
                          <span class="tiny">
                            [{figure(cell.interval.lower)}, {figure(cell.interval.upper)}]<br />
                            KL {figure(cell.kl)} · Dist-2 {cell.distinct2.toFixed(2)}
                            <br />
                            length {cell.meanLength.toFixed(1)} · n {cell.n}
                            <Show when={isChosen}>
                              <br />
                              chosen
                            </Show>
                          </span>
                        </td>
                      );
                    }}
                  </For>
                </tr>
              )}
            </For>
          </tbody>
        </table>
      </div>
      <p class="small muted">
        ▼ over-optimised: further from the base model than a cell of fewer steps, and with less reward; ▼▼ the
        intervals do not even meet.
      </p>
      <Show
        when={klNote(
          table().map(({ kl }) => kl),
          undefined,
        )}
      >
        {(note) => <p class="small muted">{note()}</p>}
      </Show>
      <For each={stops()}>
        {(cell) => (
          <p class="notice warn">
            KL coefficient {cell.klCoefficient} stopped at step {cell.earlyStop?.step}:{' '}
            {cell.earlyStop?.message}
          </p>
        )}
      </For>
    </div>
  );
}
