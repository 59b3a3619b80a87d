/** Settings that do not go with a method: each would be left unread, or make the method another one. */
import type { NewExperiment } from './api/experiments.ts';
import type { FieldError } from './api/field-errors.ts';
import { LOSS_SETTINGS } from './api/tasks/dpo.ts';
import { MOST_TRAJECTORY_CELLS } from './api/tasks/trajectory.ts';
import { METHOD_STAGES, withSettings } from './method-stages.ts';
import { settingsOf } from './planner/work.ts';

type Settings = Pick<NewExperiment, 'method' | 'hyperparameters'>;
/** The model that simulates, where the experiment names one. */
type Simulator = { readonly name: string; readonly served?: object | null } | null | undefined;

/** Each with the field and the cure. */
export function faultsOfSettings(experiment: Settings, simulator: Simulator): FieldError[] {
  const { method, hyperparameters } = experiment;
  const faults: (readonly [setting: string, fault: string | null])[] = [
    ['simulate/samplesFrom', faultOfSamplesFrom(experiment)],
    ['simulate/leastContrast', faultOfLeastContrast(experiment, simulator)],
    ['trajectory', faultOfTrajectory(experiment)],
    ['ppo/advantageEstimator', faultOfEstimator(experiment)],
    ['ppo/valueStart', faultOfValueStart(experiment)],
    ...LOSS_SETTINGS.map(
      ([name, its]) =>
        [
          `dpo/${name}`,
          hyperparameters.dpo?.[name] === undefined || method === its
            ? null
            : `goes with the method ${its} only; leave it out`,
        ] as const,
    ),
  ];
  return faults.flatMap(([setting, detail]) =>
    detail === null ? [] : [{ in: 'body', pointer: `#/hyperparameters/${setting}`, detail }],
  );
}

function faultOfSamplesFrom({ method, hyperparameters }: Settings): string | null {
  const isRead = hyperparameters.simulate?.samplesFrom === undefined || method === 'rlaif';
  return isRead ? null : 'goes with the method rlaif only; leave it out';
}

function faultOfLeastContrast({ method, hyperparameters }: Settings, simulator: Simulator): string | null {
  const { leastContrast } = hyperparameters.simulate ?? {};
  if (leastContrast === undefined) return null;
  if (leastContrast === null) {
    const filters = withSettings(METHOD_STAGES[method], {}).simulate?.leastContrast !== undefined;
    return filters
      ? `keeps every pair where it is null, which is the method rlcd; take that, or say how many nats ${method} asks for`
      : null;
  }
  if (!METHOD_STAGES[method].some(({ sides }) => sides === 'contrast')) {
    return `goes with methods whose pairs are contrasted, and those of ${method} are not; leave it out`;
  }
  return simulator?.served
    ? `needs likelihoods, and ${simulator.name}, which is served elsewhere, tells none of given texts; leave it out`
    : null;
}

function faultOfTrajectory({ hyperparameters }: Settings): string | null {
  if (hyperparameters.trajectory === undefined) return null;
  const { klCoefficients, steps } = settingsOf('ppo', hyperparameters);
  const cells = klCoefficients.length * steps.length;
  return cells <= MOST_TRAJECTORY_CELLS
    ? null
    : `follows at most ${MOST_TRAJECTORY_CELLS} policies, and ppo keeps ${cells} (${klCoefficients.length} KL coefficients x ${steps.length} steps); give it fewer of either`;
}

function faultOfEstimator({ method, hyperparameters }: Settings): string | null {
  const own = withSettings(METHOD_STAGES[method], {}).ppo?.advantageEstimator;
  const { advantageEstimator = own } = hyperparameters.ppo ?? {};
  if (own === undefined || advantageEstimator === own) return null;
  return `is ${advantageEstimator}, and the method ${method} is named after another; leave it out, or take the method rlcd`;
}

function faultOfValueStart({ method, hyperparameters }: Settings): string | null {
  const ppo = METHOD_STAGES[method].find(({ kind }) => kind === 'ppo');
  if (hyperparameters.ppo?.valueStart !== 'preference-head' || ppo?.inputs.length !== 0) return null;
  return `starts value models from the head of a preference model, and ${method} trains none; leave it out`;
}
