import { expect, it } from 'vitest';
import { DialogueFormatError } from '../../../shared/dialogue/errors.ts';
import {
  AlgorithmInputError,
  CheckpointError,
  TrainingDivergedError,
} from '../../../gpu-runner/algorithms/algorithm-error.ts';
import { ModelFileError } from '../../../gpu-runner/files/model-file-error.ts';
import { SamplingRequestError } from '../../../gpu-runner/llama/sampler/request.ts';
import { MemoryRefusedError } from '../../../gpu-runner/tasks/memory-check.ts';
import { describeFailure } from '../../../gpu-runner/runner/failure.ts';
import { TaskInputError } from '../../../gpu-runner/tasks/task-context.ts';
import { GraphError, SessionError } from '../../../gpu-runner/tensor/errors.ts';

// These codes are on the wire: programs read them.
it.each([
  [new TrainingDivergedError('x'), 'diverged', false],
  [new CheckpointError('x'), 'bad-checkpoint', true],
  [new AlgorithmInputError('x'), 'bad-input', false],
  [new TaskInputError('x'), 'bad-input', false],
  [new SamplingRequestError('x'), 'bad-input', false],
  [new DialogueFormatError('x'), 'bad-input', false],
  [new MemoryRefusedError('x'), 'out-of-memory', false],
  [new SessionError('device', 'x'), 'engine-device', false],
  [new SessionError('operator', 'x'), 'engine-operator', false],
  [new SessionError('closed', 'x'), 'engine-closed', false],
  [new SessionError('run', 'x'), 'unexpected', true],
  [new GraphError('x'), 'unexpected', true],
  ['x', 'unexpected', true],
])('%s is %s, tried again: %s', (error, code, retryable) => {
  expect(describeFailure(error)).toEqual({ code, message: 'x', retryable });
});

it('tells the cure of a model file', () => {
  expect(describeFailure(new ModelFileError('a.bin', 'rope', 'is none', 'Set it'))).toEqual({
    code: 'bad-model',
    message: 'a.bin: rope: is none. Set it.',
    cure: 'Set it',
    retryable: false,
  });
});

it('says something of an error without a message', () => {
  expect(describeFailure(new Error(''))).toMatchObject({ message: 'no message' });
});
