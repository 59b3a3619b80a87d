/** The result in large figures: each judge's win rate with its interval, at equal length, and what it may hide. */
import { For, Show } from 'solid-js';
import type { z } from 'zod';
import { judgeResult } from '../../../../shared/api/tasks/judge.ts';
import type { ExperimentDetail, Verdict } from '../../app/types.ts';
import { FEWEST, RateRange, tooFew } from '../../components/win-rate.tsx';
import { count, figure, percent, percentRange } from '../../text/format.ts';

type Judgement = z.infer<typeof judgeResult>['judgements'][number];

export function Verdicts(props: { readonly experiment: ExperimentDetail }) {
  const judgements = () => {
    const parsed = judgeResult.safeParse(props.experiment.results['judge']?.[0]);
    return parsed.success ? parsed.data.judgements : [];
  };
  return (
    <For each={props.experiment.verdicts}>
      {(verdict) => (
        <OneVerdict verdict={verdict} judgement={judgements().find(({ judge }) => judge === verdict.judge)} />
      )}
    </For>
  );
}

interface OneVerdictProps {
  readonly verdict: Verdict;
  /** The whole of it; undefined where the judge's result is of another form, as one of an older engine. */
  readonly judgement: Judgement | undefined;
}

function OneVerdict(props: OneVerdictProps) {
  const sentence = () => {
    const { judge, n } = props.verdict;
    if (n < FEWEST) return tooFew(n);
    const { judgement } = props;
    if (!judgement) return `Judge ${judge}: ${count(n)} held-out prompts.`;
    return `Judge ${judge}: ${judgement.wins} won, ${judgement.losses} lost, ${judgement.ties} tied of ${n} held-out prompts.`;
  };
  return (
    <section class="panel columns">
      <div class="stack close">
        <h2>Preferred to the base model</h2>
        <p>
          <span class={`figure-large${props.verdict.n < FEWEST ? ' muted' : ''}`}>
            {percent(props.verdict.winRate)}
          </span>{' '}
          <span class="muted">95 % interval {percentRange(props.verdict.interval)}</span>
        </p>
        <RateRange rate={props.verdict.winRate} interval={props.verdict.interval} n={props.verdict.n} wide />
        <p class="small muted">{sentence()}</p>
      </div>
      <dl class="facts">
        <div>
          <dt>At equal length</dt>
          <dd>
            <Show when={props.verdict.lengthControlled} fallback="cannot be told: every length differs alike">
              {(controlled) => (
                <>
                  {percent(controlled().rate)}{' '}
                  <span class="muted">[{percentRange(controlled().interval)}]</span>
                </>
              )}
            </Show>
          </dd>
        </div>
        <Show when={props.judgement}>{(judgement) => <Texts judgement={judgement()} />}</Show>
      </dl>
    </section>
  );
}

const share = (value: number | null) => (value === null ? 'not counted' : percent(value));

/** What the texts of both sides are like. */
function Texts(props: { readonly judgement: Judgement }) {
  return (
    <>
      <div>
        <dt>Length, aligned / base</dt>
        <dd>
          {props.judgement.first.tokens.mean.toFixed(1)} / {props.judgement.second.tokens.mean.toFixed(1)}{' '}
          tokens
        </dd>
      </div>
      <div>
        <dt>Distinct 2-grams</dt>
        <dd>
          {figure(props.judgement.first.distinct2)} / {figure(props.judgement.second.distinct2)}
        </dd>
      </div>
      <div>
        <dt>English words</dt>
        <dd>
          {share(props.judgement.first.englishWords)} / {share(props.judgement.second.englishWords)}
        </dd>
      </div>
      <div>
        <dt>Perplexity under base</dt>
        <dd>
          {figure(props.judgement.first.perplexityUnderBase)} /{' '}
          {figure(props.judgement.second.perplexityUnderBase)}
        </dd>
      </div>
      <div>
        <dt>Ended by itself</dt>
        <dd>
          {percent(props.judgement.first.endedShare)} / {percent(props.judgement.second.endedShare)}
        </dd>
      </div>
    </>
  );
}
