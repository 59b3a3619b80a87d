/** Label: blind pairs, one after the other, by keyboard. */
import { useNavigate, useParams } from '@solidjs/router';
import { Show } from 'solid-js';
import { useExperiment } from '../../app/use-experiment.ts';
import { ExperimentPicker } from '../../components/experiment-picker.tsx';
import { Empty } from '../../components/feedback.tsx';
import { isMissing, Missing } from '../../components/missing.tsx';
import { PageHeading } from '../../components/page-heading.tsx';
import { AskedPrinciple } from './asked-principle.tsx';
import { Labelling } from './labelling.tsx';

export default function LabelPage() {
  const parameters = useParams<{ experimentId?: string }>();
  const navigate = useNavigate();
  const experiment = useExperiment(() => parameters.experimentId);
  const nothing = () =>
    experiment.isSuccess && experiment.data.stages.every(({ kind }) => kind !== 'judge')
      ? `The method ${experiment.data.method} has no stage judge, which makes them.`
      : 'The stage judge makes them out of the completions of both systems.';
  return (
    <Show
      when={!isMissing(experiment.error)}
      fallback={<Missing what="experiment" href="/label" all="Pairs of another experiment" />}
    >
      <div class="stack">
        <PageHeading text="Label" />
        <ExperimentPicker
          value={parameters.experimentId}
          only={({ method, verdicts, id }) =>
            method !== 'base' && (verdicts.length > 0 || id === parameters.experimentId)
          }
          onChoose={(id) => navigate(`/label/${id}`)}
        />
        <Show
          when={parameters.experimentId}
          keyed
          fallback={
            <Empty title="Choose an experiment">
              You will see two responses to a prompt, and not which system wrote which.
            </Empty>
          }
        >
          {(id) => (
            <>
              <AskedPrinciple experimentId={id} />
              <Labelling experimentId={id} nothing={nothing()} />
            </>
          )}
        </Show>
      </div>
    </Show>
  );
}
