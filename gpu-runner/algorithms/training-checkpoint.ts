/** A trainer's state as tensors of a checkpoint, and back. */
import type { TrainingState } from '../llama/trainer/training-state.ts';
import { CheckpointError } from './algorithm-error.ts';
import type { CheckpointTensor } from './checkpoint.ts';

const PARTS = ['parameters', 'firstMoments', 'secondMoments'] as const;

/** Names of the tensors of {@link trainingTensors}. */
export const TRAINING_TENSORS: readonly string[] = PARTS;

/** Parameters and moments, each [groups, length], copied: the trainer writes its arrays again. */
export function trainingTensors(state: TrainingState): Map<string, CheckpointTensor> {
  const shape = [state.groups, state.length];
  return new Map(PARTS.map((name) => [name, { shape, data: state[name].slice() }]));
}

/** The state that a checkpoint holds. @throws CheckpointError if its shape is not [groups, length] */
export function trainingState(
  tensors: ReadonlyMap<string, CheckpointTensor>,
  expected: { readonly groups: number; readonly length: number; readonly step: number },
): TrainingState {
  const { groups, length, step } = expected;
  const part = (name: (typeof PARTS)[number]): Float32Array => {
    const tensor = tensors.get(name);
    if (tensor?.shape.join() !== [groups, length].join()) {
      throw new CheckpointError(
        `${name} of the checkpoint has shape [${tensor?.shape.join(', ') ?? 'none'}], this run needs ` +
          `[${groups}, ${length}]: the checkpoint is of other settings; start the task again without it`,
      );
    }
    return tensor.data;
  };
  return {
    groups,
    length,
    step,
    parameters: part('parameters'),
    firstMoments: part('firstMoments'),
    secondMoments: part('secondMoments'),
  };
}
