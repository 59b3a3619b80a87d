/** The prompts of a stage without those that it cannot use: one odd row ends no run. */
import { DialogueFormatError } from '../../shared/dialogue/errors.ts';
import { AlgorithmInputError } from './algorithm-error.ts';

/** Why a prompt is left out: `no-token`, `too-long`, `template` (it refuses the turns), `no-open-turn`. */
type Reason = 'no-token' | 'too-long' | 'template' | 'no-open-turn';

/** A prompt that the model at hand cannot go on with. */
export class UnusablePromptError extends AlgorithmInputError {
  readonly reason: Reason;

  constructor(reason: Reason, message: string, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
  }
}

/** By reason; undefined where nothing is left out, so that such results are as they were. */
type LeftOut = Readonly<Partial<Record<Reason, number>>> | undefined;

export interface UsablePrompts<Used> {
  readonly usable: Used[];
  readonly leftOut: LeftOut;
}

/**
 * @param read what a stage makes of a prompt @throws UnusablePromptError or DialogueFormatError for one without use
 * @throws AlgorithmInputError naming the first where none is of use
 */
export function usablePrompts<Row, Used>(
  prompts: readonly Row[],
  read: (prompt: Row) => Used,
): UsablePrompts<Used> {
  const leftOut: Partial<Record<Reason, number>> = {};
  const usable: Used[] = [];
  let first: Error | undefined;
  for (const prompt of prompts) {
    try {
      usable.push(read(prompt));
    } catch (error) {
      if (!(error instanceof UnusablePromptError || error instanceof DialogueFormatError)) throw error;
      const reason = error instanceof UnusablePromptError ? error.reason : 'no-open-turn';
      leftOut[reason] = (leftOut[reason] ?? 0) + 1;
      first ??= error;
    }
  }
  if (first === undefined) return { usable, leftOut: undefined };
  if (usable.length > 0) return { usable, leftOut };
  throw new AlgorithmInputError(`none of ${prompts.length} prompts is of use; the first: ${first.message}`, {
    cause: first,
  });
}
