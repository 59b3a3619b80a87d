/** The adapter at several strengths, and every policy that PPO kept, beside the base. */
import { Show } from 'solid-js';
import { frontierResult } from '../../../../shared/api/tasks/frontier.ts';
import { trajectoryResult } from '../../../../shared/api/tasks/trajectory.ts';
import type { ExperimentDetail } from '../../app/types.ts';
import { BesideBaseTable } from './beside-base-table.tsx';

interface OfExperiment {
  readonly experiment: ExperimentDetail;
}

const FIGURES =
  'KL in nats an answer from the base, preferred to the base by each judge, with 95 % intervals.';

export function FrontierTable(props: OfExperiment) {
  const frontier = () => frontierResult.safeParse(props.experiment.results['frontier']?.[0]).data;
  return (
    <Show when={frontier()}>
      {(found) => (
        <BesideBaseTable
          label="Frontier"
          caption={`The aligned model at several strengths of its change, on ${found().n} test prompts: ${FIGURES}`}
          names={[{ head: 'Strength', of: ({ strength }) => strength }]}
          points={found().points}
        />
      )}
    </Show>
  );
}

export function TrajectoryTable(props: OfExperiment) {
  const trajectory = () => trajectoryResult.safeParse(props.experiment.results['trajectory']?.[0]).data;
  return (
    <Show when={trajectory()}>
      {(found) => (
        <BesideBaseTable
          label="Along training"
          caption={`Every policy that PPO kept, on ${found().n} dev prompts: ${FIGURES}`}
          names={[
            { head: 'KL coefficient', of: ({ klCoefficient }) => klCoefficient },
            { head: 'Steps', of: ({ steps }) => steps },
          ]}
          points={found().points}
        />
      )}
    </Show>
  );
}
