/** The adapter at several strengths: how far each is from the base, and how often each judge prefers its answers. */
import { For, Show } from 'solid-js';
import { frontierResult } from '../../../../shared/api/tasks/frontier.ts';
import type { ExperimentDetail } from '../../app/types.ts';
import { figure, percent, percentRange } from '../../text/format.ts';

export function FrontierTable(props: { readonly experiment: ExperimentDetail }) {
  const frontier = () => {
    const parsed = frontierResult.safeParse(props.experiment.results['frontier']?.[0]);
    return parsed.success ? parsed.data : undefined;
  };
  return (
    <Show when={frontier()}>
      {(found) => (
        <div class="panel flush scroll" tabindex="0" role="region" aria-label="Frontier">
          <table>
            <caption>
              The aligned model at several strengths of its change, on {found().n} test prompts: KL in nats an
              answer from the base, preferred to the base by each judge, with 95 % intervals.
            </caption>
            <thead>
              <tr>
                <th scope="col">Strength</th>
                <th scope="col">KL</th>
                <For each={found().points[0]?.verdicts}>{({ judge }) => <th scope="col">{judge}</th>}</For>
                <th scope="col">Tokens</th>
                <th scope="col">Ended</th>
                <th scope="col">Dist-2 to the base's</th>
              </tr>
            </thead>
            <tbody>
              <For each={found().points}>
                {(point) => (
                  <tr>
                    <th scope="row">{point.strength}</th>
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
      )}
    </Show>
  );
}
