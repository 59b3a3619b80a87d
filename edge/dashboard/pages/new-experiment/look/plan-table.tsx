/** What each stage is to do, how long it takes by the look's speeds, and when it ends by the clock. */
import { Index, Show } from 'solid-js';
import type { LookResult } from '../../../../../shared/api/tasks/look.ts';
import { alignmentWorkload } from '../../../../../shared/planner/alignment-workload.ts';
import type { BudgetPlan } from '../../../../../shared/planner/budget-sizes.ts';
import { planMemory } from '../../../../../shared/planner/plan.ts';
import { stageSizes } from '../../../../../shared/planner/stage-sizes.ts';
import { now } from '../../../app/clock.ts';
import { clock, duration, gigabytes } from '../../../text/format.ts';

interface PlanTableProps {
  readonly plan: BudgetPlan;
  readonly result: LookResult;
}

export function PlanTable(props: PlanTableProps) {
  const rows = () => {
    const sizes = stageSizes(props.plan.hyperparameters);
    let end = now();
    return Object.entries(props.plan.stages).map(([name, seconds]) => {
      end += 1000 * seconds;
      return { name, size: sizes[name] ?? '', seconds, end };
    });
  };
  const memory = () => {
    const { device, training } = props.result;
    const workload = alignmentWorkload(props.plan.hyperparameters, training.shape);
    const { total } = planMemory(device.name, training.shape, workload);
    const of = device.memoryBytes === null ? '' : ` of ${gigabytes(device.memoryBytes)}`;
    return `Memory: up to ${gigabytes(total)} (ppo)${of}`;
  };
  return (
    <>
      <div class="scroll" tabindex="0" role="region" aria-label="Planned time of the stages">
        <table class="cards">
          <thead>
            <tr>
              <th scope="col">Stage</th>
              <th scope="col">Size</th>
              <th scope="col" class="number">
                Time
              </th>
              <th scope="col" class="number">
                Ends at
              </th>
            </tr>
          </thead>
          <tbody>
            <Index each={rows()}>
              {(row) => (
                <tr>
                  <th scope="row">{row().name}</th>
                  <td data-label="Size">{row().size}</td>
                  <td data-label="Time" class="number">
                    {duration(row().seconds)}
                  </td>
                  <td data-label="Ends at" class="number">
                    {clock(row().end, now())}
                  </td>
                </tr>
              )}
            </Index>
            <tr>
              <th scope="row">all</th>
              <td data-label="Size" />
              <td data-label="Time" class="number">
                {duration(props.plan.seconds)}
              </td>
              <td data-label="Ends at" class="number">
                {clock(now() + 1000 * props.plan.seconds, now())}
              </td>
            </tr>
          </tbody>
        </table>
      </div>
      <Show when={'ppo' in props.plan.stages}>
        <p class="small muted">{memory()}</p>
      </Show>
    </>
  );
}
