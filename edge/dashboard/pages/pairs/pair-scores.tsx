/** What the scorer that an experiment's preference model taught says of one pair, beside the label it learned from. */
import { useQuery } from '@tanstack/solid-query';
import { For, Match, Show, Switch } from 'solid-js';
import { useSession } from '../../app/session.ts';
import type { Pair, Scorer } from '../../app/types.ts';
import { Problem } from '../../components/feedback.tsx';
import { figure, percent } from '../../text/format.ts';

interface PairScoresProps {
  readonly pair: Pair;
  readonly scorer: Scorer;
}

export function PairScores(props: PairScoresProps) {
  const { client } = useSession();
  const isWhole = () => props.pair.chosen !== '' && props.pair.rejected !== '';
  const compared = useQuery(() => ({
    queryKey: ['scorer', props.scorer.id, props.pair.taskId, props.pair.position],
    enabled: isWhole(),
    staleTime: Infinity,
    queryFn: () =>
      client.scoreCompare({
        body: {
          principle: props.scorer.principle.name,
          scorer: props.scorer.id,
          prompt: props.pair.prompt,
          first: props.pair.chosen,
          second: props.pair.rejected,
        },
      }),
  }));
  const data = () => (compared.isSuccess ? compared.data : undefined);
  return (
    <Switch fallback={<p class="small muted">Reading scores…</p>}>
      <Match when={!isWhole()}>
        <p class="small muted">The scorer reads no empty response.</p>
      </Match>
      <Match when={compared.isError}>
        <Problem error={compared.error} onRetry={() => void compared.refetch()} />
      </Match>
      <Match when={data()}>
        {(answer) => {
          const agrees = () => answer().probability > 0.5 === props.pair.labelProbability > 0.5;
          const warnings = () => [...new Set([...answer().first.warnings, ...answer().second.warnings])];
          return (
            <>
              <dl class="facts small">
                <div>
                  <dt>Scorer: chosen is better</dt>
                  <dd>
                    {percent(answer().probability)}{' '}
                    <Show when={!agrees()}>
                      <strong class="tag">against the label</strong>
                    </Show>
                  </dd>
                </div>
                <div>
                  <dt>Score, chosen / rejected</dt>
                  <dd>
                    {figure(answer().first.score)} / {figure(answer().second.score)}
                  </dd>
                </div>
              </dl>
              <For each={warnings()}>{(warning) => <p class="small muted">{warning}</p>}</For>
            </>
          );
        }}
      </Match>
    </Switch>
  );
}
