/** Errors of the algorithms: what is wrong with their input, their run or their checkpoint, and the cure. */
import { BAD_CHECKPOINT } from '../../shared/api/tasks.ts';
import { UserError } from '../../shared/user-error.ts';

/** The data or settings handed to an algorithm cannot be used; raised before any training. */
export class AlgorithmInputError extends UserError {
  override readonly name = 'AlgorithmInputError';
  override readonly code = 'bad-input';
}

/** A run cannot go on: a number left its limits (gap between sampler and trainer, a loss that is not finite). */
export class TrainingDivergedError extends UserError {
  override readonly name = 'TrainingDivergedError';
  override readonly code = 'diverged';
}

/**
 * A checkpoint is damaged, of another version, of other work, or lacks state; never replaced by a default. The task that it
 * is of goes on from the one before.
 */
export class CheckpointError extends UserError {
  override readonly name = 'CheckpointError';
  override readonly code = BAD_CHECKPOINT;
  override readonly retryable = true;
}
