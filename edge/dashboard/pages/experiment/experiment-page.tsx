/** One experiment: what it does, how it learns, what it wrote, what it is made of. */
import { A, useNavigate, useParams, useSearchParams } from '@solidjs/router';
import { Tabs } from '@kobalte/core/tabs';
import { createEffect, For, on, Show, type JSX } from 'solid-js';
import { now } from '../../app/clock.ts';
import { isNarrow } from '../../app/narrow.ts';
import { useSession } from '../../app/session.ts';
import { useExperiment } from '../../app/use-experiment.ts';
import type { ExperimentDetail } from '../../app/types.ts';
import { ConfirmButton } from '../../components/confirm-button.tsx';
import { Loaded } from '../../components/feedback.tsx';
import { isMissing, Missing } from '../../components/missing.tsx';
import { PageHeading } from '../../components/page-heading.tsx';
import { Status } from '../../components/status.tsx';
import { ago, clock, dateTime, duration, percent } from '../../text/format.ts';
import { DownloadAdapter } from './download-adapter.tsx';
import { Curves } from './curves.tsx';
import { Failure } from './failure.tsx';
import { KlGrid } from './kl-grid.tsx';
import { Lineage } from './lineage.tsx';
import { NoRunner } from './no-runner.tsx';
import { Overview } from './overview.tsx';
import { Samples } from './samples.tsx';
import { Settings } from './settings.tsx';
import { endsOf } from './stage-times.ts';
import { TryModels } from './try/try-models.tsx';

const TABS: readonly {
  id: string;
  label: string;
  show: (experiment: () => ExperimentDetail) => JSX.Element;
}[] = [
  { id: 'overview', label: 'Overview', show: (experiment) => <Overview experiment={experiment()} /> },
  { id: 'try', label: 'Try', show: (experiment) => <TryModels experiment={experiment()} /> },
  { id: 'curves', label: 'Curves', show: (experiment) => <Curves experiment={experiment()} /> },
  { id: 'grid', label: 'KL grid', show: (experiment) => <KlGrid experiment={experiment()} /> },
  { id: 'samples', label: 'Samples', show: (experiment) => <Samples experiment={experiment()} /> },
  { id: 'lineage', label: 'Artifacts', show: (experiment) => <Lineage experimentId={experiment().id} /> },
  { id: 'settings', label: 'Settings', show: (experiment) => <Settings experiment={experiment()} /> },
];

export default function ExperimentPage() {
  const parameters = useParams<{ experimentId: string }>();
  const detail = useExperiment(() => parameters.experimentId);
  return (
    <Show
      when={!isMissing(detail.error)}
      fallback={<Missing what="experiment" href="/experiments" all="All experiments" />}
    >
      <Loaded query={detail} what="the experiment">
        {(experiment) => (
          <div class="stack">
            <Header experiment={experiment()} />
            <Parts experiment={experiment} />
          </div>
        )}
      </Loaded>
    </Show>
  );
}

function Parts(props: { readonly experiment: () => ExperimentDetail }) {
  const [search, setSearch] = useSearchParams<{ tab: string }>();
  const shown = () => TABS.find(({ id }) => id === search.tab)?.id ?? 'overview';
  let list: HTMLElement | undefined;
  // On a phone they are more than fit: the one that is open is in view, also where an address opened it.
  createEffect(
    on([shown, isNarrow], () =>
      requestAnimationFrame(() =>
        list?.querySelector('[data-selected]')?.scrollIntoView({ block: 'nearest', inline: 'center' }),
      ),
    ),
  );
  return (
    <Tabs value={shown()} onChange={(tab) => setSearch({ tab }, { replace: true })}>
      <Tabs.List
        class="tabs"
        aria-label="Parts of the experiment"
        ref={(element) => {
          list = element;
        }}
      >
        <For each={TABS}>
          {({ id, label }) => (
            <Tabs.Trigger class="tab" value={id}>
              {label}
            </Tabs.Trigger>
          )}
        </For>
      </Tabs.List>
      <For each={TABS}>
        {({ id, show }) => (
          <Tabs.Content class="tab-content" value={id}>
            {show(props.experiment)}
          </Tabs.Content>
        )}
      </For>
    </Tabs>
  );
}

function Header(props: { readonly experiment: ExperimentDetail }) {
  const isOpen = () => props.experiment.status === 'queued' || props.experiment.status === 'running';
  return (
    <header class="stack close">
      <p class="small">
        <A href="/experiments">Experiments</A>
      </p>
      <div class="row apart">
        <PageHeading text={props.experiment.name} />
        <div class="row">
          <A class="button" href={`/pairs/${props.experiment.id}`}>
            Pairs
          </A>
          <A class="button" href={`/compare?ids=${props.experiment.id}`}>
            Compare
          </A>
          <A class="button" href={`/label/${props.experiment.id}`}>
            Label
          </A>
          <A class="button" href={`/experiments/new?from=${props.experiment.id}`}>
            Clone
          </A>
          <DownloadAdapter experiment={props.experiment} />
          <EndOrDelete experiment={props.experiment} isOpen={isOpen()} />
        </div>
      </div>
      <Show when={props.experiment.status === 'failed'}>
        <Failure experiment={props.experiment} />
      </Show>
      <Show when={isOpen()}>
        <NoRunner />
      </Show>
      <dl class="facts small">
        <div>
          <dt>State</dt>
          <dd>
            <Status status={props.experiment.status} />{' '}
            {isOpen() ? percent(props.experiment.progress, 0) : ''}
          </dd>
        </div>
        <Show when={isOpen() && endsOf(props.experiment.stages, now()).end}>
          {(end) => (
            <div>
              <dt>Ends</dt>
              <dd title={`by plan and pace, ${dateTime(end())}`}>{clock(end(), now())}</dd>
            </div>
          )}
        </Show>
        <div>
          <dt>Method</dt>
          <dd>{props.experiment.method}</dd>
        </div>
        <div>
          <dt>Principle</dt>
          <dd>
            <A href={`/principles/${props.experiment.principle.name}`}>
              {props.experiment.principle.name} v{props.experiment.principle.version}
            </A>
          </dd>
        </div>
        <div>
          <dt>Prompts</dt>
          <dd>
            <A href={`/prompts/${props.experiment.promptSet.id}`}>{props.experiment.promptSet.name}</A>
          </dd>
        </div>
        <div>
          <dt>Base model</dt>
          <dd>{props.experiment.baseModel.name}</dd>
        </div>
        <Show when={props.experiment.simulator}>
          {(simulator) => (
            <div>
              <dt>Simulated by</dt>
              <dd>{simulator().name}</dd>
            </div>
          )}
        </Show>
        <div>
          <dt>Seed</dt>
          <dd>{props.experiment.seed}</dd>
        </div>
        <div>
          <dt>Runner time</dt>
          <dd>{duration(props.experiment.cost.runnerSeconds)}</dd>
        </div>
        <div>
          <dt>Made</dt>
          <dd title={dateTime(props.experiment.createdAt)}>{ago(props.experiment.createdAt, now())}</dd>
        </div>
      </dl>
    </header>
  );
}

function EndOrDelete(props: { readonly experiment: ExperimentDetail; readonly isOpen: boolean }) {
  const { client } = useSession();
  const navigate = useNavigate();
  const parameters = () => ({ parameters: { experimentId: props.experiment.id } });
  return (
    <Show
      when={props.isOpen}
      fallback={
        <ConfirmButton
          word="Delete"
          what={props.experiment.name}
          act={() => client.deleteExperiment(parameters())}
          onDone={() => navigate('/experiments')}
        >
          Its stages, events and the tasks that no other experiment uses are removed. Artifacts stay.
        </ConfirmButton>
      }
    >
      <ConfirmButton
        word="Cancel"
        what={props.experiment.name}
        act={() => client.cancelExperiment(parameters())}
        onDone={() => {}}
      >
        What waits ends at once, what runs by its next heartbeat. Tasks that another experiment uses go on.
      </ConfirmButton>
    </Show>
  );
}
