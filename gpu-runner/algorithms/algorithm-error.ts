/** Errors of the algorithms: what is wrong with their input, their run or their checkpoint, and the cure. */
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

/** A checkpoint is damaged, of another version, of other work, or lacks state; never replaced by a default. */
export class CheckpointError extends UserError {
  override readonly name = 'CheckpointError';
  override readonly code = 'bad-checkpoint';
}
