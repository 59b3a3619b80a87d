/** The result in large figures: each judge's win rate with its interval, at equal length, and what it may hide. */
import { For, Show } from 'solid-js';
import { judgeResult } from '../../../../shared/api/tasks/judge.ts';
import type { ExperimentDetail } from '../../app/types.ts';
import { FEWEST, RateRange, tooFew } from '../../components/win-rate.tsx';
import { figure, percent, percentRange } from '../../text/format.ts';

export function Verdicts(props: { readonly experiment: ExperimentDetail }) {
  const judgements = () => {
    const parsed = judgeResult.safeParse(props.experiment.results['judge']?.[0]);
    return parsed.success ? parsed.data.judgements : [];
  };
  return (
    <For each={judgements()}>
      {(judgement) => (
        <section class="panel columns">
          <div class="stack close">
            <h2>Preferred to the base model</h2>
            <p>
              <span class={`figure-large${judgement.n < FEWEST ? ' muted' : ''}`}>
                {percent(judgement.winRate)}
              </span>{' '}
              <span class="muted">95 % interval {percentRange(judgement.interval)}</span>
            </p>
            <RateRange rate={judgement.winRate} interval={judgement.interval} n={judgement.n} wide />
            <p class="small muted">
              {judgement.n < FEWEST
                ? tooFew(judgement.n)
                : `Judge ${judgement.judge}: ${judgement.wins} won, ${judgement.losses} lost, ${judgement.ties} tied of ${judgement.n} held-out prompts.`}
            </p>
          </div>
          <dl class="facts">
            <div>
              <dt>At equal length</dt>
              <dd>
                <Show when={judgement.lengthControlled} fallback="cannot be told: every length differs alike">
                  {(controlled) => (
                    <>
                      {percent(controlled().rate)}{' '}
                      <span class="muted">[{percentRange(controlled().interval)}]</span>
                    </>
                  )}
                </Show>
              </dd>
            </div>
            <div>
              <dt>Length, aligned / base</dt>
              <dd>
                {judgement.first.tokens.mean.toFixed(1)} / {judgement.second.tokens.mean.toFixed(1)} tokens
              </dd>
            </div>
            <div>
              <dt>Distinct 2-grams</dt>
              <dd>
                {figure(judgement.first.distinct2)} / {figure(judgement.second.distinct2)}
              </dd>
            </div>
            <div>
              <dt>Perplexity under base</dt>
              <dd>
                {figure(judgement.first.perplexityUnderBase)} / {figure(judgement.second.perplexityUnderBase)}
              </dd>
            </div>
            <div>
              <dt>Ended by itself</dt>
              <dd>
                {percent(judgement.first.endedShare)} / {percent(judgement.second.endedShare)}
              </dd>
            </div>
          </dl>
        </section>
      )}
    </For>
  );
}
