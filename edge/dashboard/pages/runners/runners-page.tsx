/** Runners: who is alive, doing what, since when; and every decision to launch one, with its reason. */
import { A } from '@solidjs/router';
import { useMutation, useQuery, useQueryClient } from '@tanstack/solid-query';
import { For, Show } from 'solid-js';
import { now } from '../../app/clock.ts';
import { useSession } from '../../app/session.ts';
import { Empty, Loaded, Problem } from '../../components/feedback.tsx';
import { PageHeading } from '../../components/page-heading.tsx';
import { RunnerCommand } from '../../components/runner-command.tsx';
import { Status } from '../../components/status.tsx';
import { ago, dateTime, duration, gigabytes } from '../../text/format.ts';
import { visibleName } from '../../text/visible-text.ts';

/** A runner that goes says nothing, so the list is asked again. */
const ASK_EVERY_MILLISECONDS = 10_000;
const SHOWN = 50;

export default function RunnersPage() {
  return (
    <div class="stack">
      <div class="row apart">
        <PageHeading text="Runners" />
        <StartRunner />
      </div>
      <Runners />
      <Launches />
    </div>
  );
}

function StartRunner() {
  const { client, own } = useSession();
  const queryClient = useQueryClient();
  const launch = useMutation(() => ({
    mutationFn: () => client.launchRunner(),
    onSuccess: async () => {
      await queryClient.invalidateQueries({ queryKey: ['launches'] });
      await queryClient.invalidateQueries({ queryKey: ['runners'] });
    },
  }));
  const isAdmin = own.scopes.includes('admin');
  return (
    <div class="stack close">
      <button
        type="button"
        class="button primary"
        disabled={!isAdmin || launch.isPending}
        title={isAdmin ? '' : 'Takes a key with the scope admin'}
        onClick={() => launch.mutate()}
      >
        Start a runner
      </button>
      <Show when={launch.isError}>
        <Problem error={launch.error} />
      </Show>
      <Show when={launch.data}>
        {(answer) => (
          <p class="small" role="status">
            {answer().launch
              ? `${answer().launch?.outcome}: ${answer().launch?.reason}`
              : 'Not started: nothing waits, or the runners there are suffice.'}
          </p>
        )}
      </Show>
    </div>
  );
}

function Runners() {
  const { client } = useSession();
  const runners = useQuery(() => ({
    queryKey: ['runners'],
    queryFn: () => client.listRunners({ query: { limit: SHOWN } }),
    refetchInterval: ASK_EVERY_MILLISECONDS,
  }));
  return (
    <Loaded query={runners} what="runners">
      {(page) => (
        <Show
          when={page().items.length > 0}
          fallback={
            <div class="panel">
              <Empty title="No runner has reported yet">
                <p>On a machine with the project, the edge's own or another:</p>
                <ByHand />
              </Empty>
            </div>
          }
        >
          <div class="panel flush scroll" tabindex="0" role="region" aria-label="Runners">
            <table class="cards">
              <thead>
                <tr>
                  <th scope="col">Runner</th>
                  <th scope="col">State</th>
                  <th scope="col">Doing</th>
                  <th scope="col">Since</th>
                  <th scope="col">Last heard</th>
                  <th scope="col">Machine</th>
                  <th scope="col">Engine</th>
                </tr>
              </thead>
              <tbody>
                <For each={page().items}>
                  {(runner) => (
                    <tr>
                      <th scope="row">{visibleName(runner.name)}</th>
                      <td data-label="State">
                        <Status status={runner.status} />
                      </td>
                      <td data-label="Doing" class="nowrap">
                        <Show
                          when={runner.task}
                          fallback={
                            <span class="muted">{runner.status === 'gone' ? '–' : 'waits for work'}</span>
                          }
                        >
                          {(task) => <A href={`/experiments/${task().experimentId}`}>{task().stage}</A>}
                        </Show>
                      </td>
                      <td data-label="Since" class="nowrap">
                        {runner.task ? duration(Math.max(0, now() - runner.task.since) / 1000) : ''}
                      </td>
                      <td data-label="Last heard" class="nowrap" title={dateTime(runner.seenAt)}>
                        {ago(runner.seenAt, now())}
                      </td>
                      <td data-label="Machine" class="small">
                        {Object.entries(runner.device)
                          .map(([name, value]) =>
                            name === 'memoryBytes'
                              ? `memory: ${gigabytes(Number(value))}`
                              : `${name}: ${String(value)}`,
                          )
                          .join(' · ')}
                      </td>
                      <td data-label="Engine" class="nowrap">
                        {runner.engineVersion}
                      </td>
                    </tr>
                  )}
                </For>
              </tbody>
            </table>
          </div>
          <details class="panel">
            <summary>Start one by hand</summary>
            <ByHand />
          </details>
        </Show>
      )}
    </Loaded>
  );
}

function ByHand() {
  const { own } = useSession();
  return (
    <div class="stack close">
      <RunnerCommand />
      <p class="small muted">
        KEY is one with the scope runner,{' '}
        <Show when={own.scopes.includes('admin')} fallback="which an administrator makes on the page Keys">
          to be made on the page <A href="/keys">Keys</A>
        </Show>
        . With <code>RLCD_SERVE_URL</code> set to an address at which the edge reaches it, such as{' '}
        <code>http://127.0.0.1:8790</code>, models answer in Try, too; <code>npx rlcd runner --help</code>{' '}
        tells the rest.
      </p>
    </div>
  );
}

function Launches() {
  const { client } = useSession();
  const launches = useQuery(() => ({
    queryKey: ['launches'],
    queryFn: () => client.listLaunches({ query: { limit: SHOWN } }),
    refetchInterval: ASK_EVERY_MILLISECONDS,
  }));
  return (
    <section class="stack close">
      <h2>Launches</h2>
      <Loaded query={launches} what="launches">
        {(page) => (
          <Show
            when={page().items.length > 0}
            fallback={<p class="muted">No launcher has been asked: people start the runners here.</p>}
          >
            <div class="panel flush scroll" tabindex="0" role="region" aria-label="Launches">
              <table class="cards">
                <thead>
                  <tr>
                    <th scope="col">When</th>
                    <th scope="col">Launcher</th>
                    <th scope="col">Outcome</th>
                    <th scope="col">Reason</th>
                    <th scope="col" class="number">
                      Tasks waiting
                    </th>
                    <th scope="col" class="number">
                      Runners alive
                    </th>
                  </tr>
                </thead>
                <tbody>
                  <For each={page().items}>
                    {(launch) => (
                      <tr>
                        <td data-label="When" class="nowrap" title={dateTime(launch.createdAt)}>
                          {ago(launch.createdAt, now())}
                        </td>
                        <td data-label="Launcher">{launch.launcher}</td>
                        <td data-label="Outcome">
                          <Status status={launch.outcome} />
                        </td>
                        <td data-label="Reason">{launch.reason}</td>
                        <td data-label="Tasks waiting" class="number">
                          {launch.queuedTasks}
                        </td>
                        <td data-label="Runners alive" class="number">
                          {launch.liveRunners}
                        </td>
                      </tr>
                    )}
                  </For>
                </tbody>
              </table>
            </div>
          </Show>
        )}
      </Loaded>
    </section>
  );
}
