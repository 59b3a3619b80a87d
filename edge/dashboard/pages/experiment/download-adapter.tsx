/** Saves the experiment's adapter with its model card, for PEFT. */
import { useMutation } from '@tanstack/solid-query';
import { Show } from 'solid-js';
import { saveResponse } from '../../app/download.ts';
import { useSession } from '../../app/session.ts';
import type { ExperimentDetail } from '../../app/types.ts';
import { Problem } from '../../components/feedback.tsx';

/** Stages that end in an adapter. */
const MAKERS = new Set(['select', 'distill', 'dpo', 'train-preference-model']);

export function DownloadAdapter(props: { readonly experiment: ExperimentDetail }) {
  const { client } = useSession();
  const isMade = () =>
    props.experiment.stages.some(({ name, status }) => MAKERS.has(name) && status === 'succeeded');
  const save = useMutation(() => ({
    mutationFn: async () => {
      const experimentId = props.experiment.id;
      const query = { to: 'peft' } as const;
      const response = await client.exportAdapter({ parameters: { experimentId }, query });
      await saveResponse(response, `${experimentId}-peft.zip`);
    },
  }));
  return (
    <Show when={isMade()}>
      <button type="button" class="button" disabled={save.isPending} onClick={() => save.mutate()}>
        Download adapter
      </button>
      <Show when={save.isError}>
        <Problem error={save.error} />
      </Show>
    </Show>
  );
}
