/** Test helper: what every algorithm says of a checkpoint that other work wrote. */
import { expect } from 'vitest';
import { CheckpointError } from '../../../gpu-runner/algorithms/algorithm-error.ts';

/** Fails unless the run refuses its checkpoint: by one class, naming what it was made from, what is asked, and the cure. */
export async function expectForeign(run: Promise<unknown>, difference: RegExp): Promise<void> {
  const error: unknown = await run.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(CheckpointError);
  expect(error).toMatchObject({ code: 'bad-checkpoint', retryable: true });
  const { message } = error as CheckpointError;
  expect(message).toMatch(/^the checkpoint is of .*this task.*: the task goes on without it; .*$/s);
  expect(message).toMatch(difference);
}
