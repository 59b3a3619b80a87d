/** Pairs: the preference pairs of an experiment, filtered, side by side, and as a file. */
import { useNavigate, useParams } from '@solidjs/router';
import { useInfiniteQuery, useMutation, useQuery } from '@tanstack/solid-query';
import { createSignal, For, Match, Show, Switch } from 'solid-js';
import { saveResponse } from '../../app/download.ts';
import { useSession } from '../../app/session.ts';
import { useExperiment } from '../../app/use-experiment.ts';
import { ExperimentPicker } from '../../components/experiment-picker.tsx';
import { Empty, Problem } from '../../components/feedback.tsx';
import { isMissing, Missing } from '../../components/missing.tsx';
import { PageHeading } from '../../components/page-heading.tsx';
import type { Scale } from '../../components/token-levels.ts';
import { TokenLegend } from '../../components/token-text.tsx';
import { count } from '../../text/format.ts';
import { findScorer } from './find-scorer.ts';
import { PairCard } from './pair-card.tsx';
import { PairFilters, usePairQuery } from './pair-filters.tsx';

const PAGE = 25;

export default function PairsPage() {
  const parameters = useParams<{ experimentId?: string }>();
  const navigate = useNavigate();
  const { client } = useSession();
  const { query, set } = usePairQuery();
  const save = useMutation(() => ({
    mutationFn: async (experimentId: string) => {
      const response = await client.exportPreferencePairs({ parameters: { experimentId }, query: query() });
      await saveResponse(response, `preference-pairs-${experimentId}.jsonl`);
    },
  }));
  const experiment = useExperiment(() => parameters.experimentId);
  const nothing = () =>
    experiment.isSuccess && experiment.data.stages.every(({ kind }) => kind !== 'simulate')
      ? `The method ${experiment.data.method} samples no pairs.`
      : 'The stage that samples them has not ended, or no pair passes the filters.';
  return (
    <Show
      when={!isMissing(experiment.error)}
      fallback={<Missing what="experiment" href="/pairs" all="Pairs of another experiment" />}
    >
      <div class="stack">
        <div class="row apart">
          <PageHeading text="Preference pairs" />
          <Show when={parameters.experimentId}>
            {(id) => (
              <button
                type="button"
                class="button"
                disabled={save.isPending}
                onClick={() => save.mutate(id())}
              >
                Export as JSON lines
              </button>
            )}
          </Show>
        </div>
        <form class="row end" onSubmit={(event) => event.preventDefault()}>
          <ExperimentPicker
            value={parameters.experimentId}
            only={({ method }) => method !== 'base'}
            onChoose={(id) => navigate(`/pairs/${id}`)}
          />
          <PairFilters query={query()} onChange={set} />
        </form>
        <Show when={save.isError}>
          <Problem error={save.error} />
        </Show>
        <Show
          when={parameters.experimentId}
          keyed
          fallback={
            <Empty title="Choose an experiment">
              Its pairs are shown as its preference model learns from them.
            </Empty>
          }
        >
          {(id) => <PairList experimentId={id} nothing={nothing()} />}
        </Show>
      </div>
    </Show>
  );
}

interface PairListProps {
  readonly experimentId: string;
  /** Said where there is none. */
  readonly nothing: string;
}

function PairList(props: PairListProps) {
  const { client } = useSession();
  const { query } = usePairQuery();
  const pairs = useInfiniteQuery(() => ({
    queryKey: ['experiment', props.experimentId, 'pairs', query()],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam }) =>
      client.listPreferencePairs({
        parameters: { experimentId: props.experimentId },
        query: { ...query(), limit: PAGE, ...(pageParam === undefined ? {} : { cursor: pageParam }) },
      }),
    getNextPageParam: ({ nextCursor }) => nextCursor ?? undefined,
  }));
  const principle = useQuery(() => ({
    queryKey: ['experiment', props.experimentId, 'principle'],
    queryFn: async () => {
      const experiment = await client.getExperiment({ parameters: { experimentId: props.experimentId } });
      const { name, version } = experiment.principle;
      const parameters = { principleName: name, principleVersion: String(version) };
      return await client.getPrincipleVersion({ parameters });
    },
  }));
  const scorer = useQuery(() => ({
    queryKey: ['experiment', props.experimentId, 'scorer'],
    queryFn: () => findScorer(client, props.experimentId),
  }));
  const [asked, setAsked] = createSignal(false);
  const [scale, setScale] = createSignal<Scale | 'none'>('affix');
  const found = () => (scorer.isSuccess ? (scorer.data ?? undefined) : undefined);
  const items = () => (pairs.isSuccess ? pairs.data.pages.flatMap((page) => page.items) : []);
  const colours = () => {
    const chosen = scale();
    return chosen === 'none' ? undefined : chosen;
  };
  const withTokens = () => items().filter(({ tokens }) => tokens !== null).length;
  const affixPairs = () => (principle.isSuccess ? principle.data.definition.affixPairs : undefined);
  return (
    <Switch>
      <Match when={pairs.isPending}>
        <p class="loading">Reading pairs…</p>
      </Match>
      <Match when={pairs.isError && items().length === 0}>
        <Problem error={pairs.error} onRetry={() => void pairs.refetch()} />
      </Match>
      <Match when={items().length === 0}>
        <Empty title="No pair">{props.nothing}</Empty>
      </Match>
      <Match when={true}>
        <div class="row apart">
          <p class="small muted" role="status">
            {count(items().length)} shown{pairs.hasNextPage ? ', there are more' : ''}
          </p>
          <Show
            when={found()}
            fallback={
              <p class="small muted">
                {scorer.isSuccess
                  ? 'Its preference model has taught no scorer: pairs have labels alone.'
                  : ''}
              </p>
            }
          >
            <label class="check">
              <input
                type="checkbox"
                checked={asked()}
                onChange={(event) => setAsked(event.currentTarget.checked)}
              />
              What its scorer says
            </label>
          </Show>
        </div>
        <Show
          when={withTokens() > 0}
          fallback={<p class="small muted">No log-probabilities of tokens are kept of these pairs.</p>}
        >
          <div class="row end">
            <label class="field">
              <span>Token colours</span>
              <select
                value={scale()}
                onChange={(event) => setScale(event.currentTarget.value as Scale | 'none')}
              >
                <option value="affix">difference from the plain prompt</option>
                <option value="likely">log-probability</option>
                <option value="none">none</option>
              </select>
            </label>
            <Show when={withTokens() < items().length}>
              <p class="small muted">
                {count(withTokens())} of these {count(items().length)} pairs have them: the first of each
                shard.
              </p>
            </Show>
          </div>
          <Show when={colours()}>{(used) => <TokenLegend scale={used()} />}</Show>
        </Show>
        <ol class="stack close">
          <For each={items()}>
            {(pair) => (
              <PairCard
                pair={pair}
                affixPairs={affixPairs()}
                scorer={asked() ? found() : undefined}
                scale={colours()}
              />
            )}
          </For>
        </ol>
        <Show when={pairs.hasNextPage}>
          <button
            type="button"
            class="button"
            disabled={pairs.isFetchingNextPage}
            onClick={() => void pairs.fetchNextPage()}
          >
            Show more
          </button>
        </Show>
      </Match>
    </Switch>
  );
}
