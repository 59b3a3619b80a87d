/** Errors of the algorithms: what is wrong with their input, their run or their checkpoint, and the cure. */

/** The data or settings handed to an algorithm cannot be used; raised before any training. */
export class AlgorithmInputError extends Error {
  override readonly name = 'AlgorithmInputError';
}

/** A run cannot go on: a number left its limits (gap between sampler and trainer, a loss that is not finite). */
export class TrainingDivergedError extends Error {
  override readonly name = 'TrainingDivergedError';
}

/** A checkpoint is damaged, of another version, or lacks state; never replaced by a default. */
export class CheckpointError extends Error {
  override readonly name = 'CheckpointError';
}
