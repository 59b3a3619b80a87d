/** Adapters beside the base: how far each is from it, and how often each judge prefers its answers. */
import { For } from 'solid-js';
import type { z } from 'zod';
import type { besideBasePoint } from '../../../../shared/api/tasks/beside-base.ts';
import { figure, percent, percentRange } from '../../text/format.ts';

type Point = z.output<z.ZodObject<typeof besideBasePoint>>;

export function BesideBaseTable<Named extends Point>(props: {
  /** Of the region. */
  readonly label: string;
  readonly caption: string;
  /** What tells the adapters apart, a column each; the first heads the row. */
  readonly names: readonly { readonly head: string; readonly of: (point: Named) => number }[];
  readonly points: readonly Named[];
}) {
  return (
    <div class="panel flush scroll" tabindex="0" role="region" aria-label={props.label}>
      <table>
        <caption>{props.caption}</caption>
        <thead>
          <tr>
            <For each={props.names}>{({ head }) => <th scope="col">{head}</th>}</For>
            <th scope="col">KL</th>
            <For each={props.points[0]?.verdicts}>{({ judge }) => <th scope="col">{judge}</th>}</For>
            <th scope="col">Tokens</th>
            <th scope="col">Ended</th>
            <th scope="col">Dist-2 to the base's</th>
          </tr>
        </thead>
        <tbody>
          <For each={props.points}>
            {(point) => (
              <tr>
                <For each={props.names}>
                  {({ of }, place) =>
                    place() === 0 ? <th scope="row">{of(point)}</th> : <td>{of(point)}</td>
                  }
                </For>
                <td>
                  {figure(point.kl)}{' '}
                  <span class="small muted">
                    [{figure(point.klInterval.lower)}, {figure(point.klInterval.upper)}]
                  </span>
                </td>
                <For each={point.verdicts}>
                  {({ winRate, interval }) => (
                    <td>
                      {percent(winRate)} <span class="small muted">[{percentRange(interval)}]</span>
                    </td>
                  )}
                </For>
                <td>{point.tokens.mean.toFixed(1)}</td>
                <td>{percent(point.endedShare, 0)}</td>
                <td>{point.distinct2.toFixed(2)}</td>
              </tr>
            )}
          </For>
        </tbody>
      </table>
    </div>
  );
}
