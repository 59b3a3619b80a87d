/** Why an experiment failed, what mends it, and the way to go on from where it stopped. */
import { useNavigate } from '@solidjs/router';
import { useMutation, useQuery } from '@tanstack/solid-query';
import { Show } from 'solid-js';
import { useSession } from '../../app/session.ts';
import type { ExperimentDetail } from '../../app/types.ts';
import { Problem } from '../../components/feedback.tsx';
import { requestOf } from './request-of.ts';

export function Failure(props: { readonly experiment: ExperimentDetail }) {
  const { client } = useSession();
  const navigate = useNavigate();
  const stage = () => props.experiment.stages.find(({ status }) => status === 'failed');
  const taskId = () => stage()?.tasks.find(({ status }) => status === 'failed')?.id;
  const task = useQuery(() => ({
    queryKey: ['task', taskId(), 'detail'],
    enabled: taskId() !== undefined,
    queryFn: () => client.getTask({ parameters: { taskId: taskId() ?? '' } }),
  }));
  const last = () => (task.isSuccess ? task.data?.failures.at(-1) : undefined);
  const retry = useMutation(() => ({
    mutationFn: () => client.createExperiment({ body: requestOf(props.experiment) }),
    onSuccess: ({ id }) => navigate(`/experiments/${id}`),
  }));
  return (
    <div class="notice bad" role="group" aria-label="Why it failed">
      <strong>{stage() ? `The stage ${stage()?.name} failed` : 'It failed'}</strong>
      <span class="text">{last()?.message ?? props.experiment.statusReason}</span>
      <Show when={last()?.cure}>
        {(cure) => (
          <span class="text">
            <strong>What mends it:</strong> {cure()}
          </span>
        )}
      </Show>
      <span class="row">
        <button type="button" class="button small" disabled={retry.isPending} onClick={() => retry.mutate()}>
          {retry.isPending ? 'Starting…' : 'Try again'}
        </button>
        <span class="small">
          As a new experiment of the same settings; the stages that succeeded are not run again.
        </span>
      </span>
      <Show when={retry.isError}>
        <Problem error={retry.error} />
      </Show>
    </div>
  );
}
