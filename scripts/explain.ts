/** What a command says of the error that ended it. */
import { ModelFileError } from '../gpu-runner/llama/model/model-file-error.ts';
import { ApiError } from '../shared/api/client.ts';
import { DialogueFormatError } from '../shared/dialogue/errors.ts';
import { explainOptionError, isOptionError } from '../shared/option-error.ts';
import { ReportError } from '../shared/report/evidence.ts';
import { ChaosError } from './tools/chaos/run-round.ts';
import { ExperimentFailedError } from './experiment/follow.ts';
import { ChildEndedError } from './processes/child.ts';
import { UsageError } from './usage-error.ts';

/** Faults that their message explains; anything else is shown with its stack. */
const EXPLAINED = [
  UsageError,
  ModelFileError,
  ChildEndedError,
  ExperimentFailedError,
  ChaosError,
  ReportError,
  DialogueFormatError,
];

export function explain(error: unknown): string {
  if (error instanceof ApiError) {
    const errors = error.problem.errors?.map(({ pointer, detail }) => `\n  ${pointer}: ${detail}`) ?? [];
    return error.message + errors.join('');
  }
  if (isOptionError(error)) return explainOptionError(error);
  if (error instanceof Error && EXPLAINED.some((kind) => error instanceof kind)) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
