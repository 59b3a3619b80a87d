/** Refuses a task that the device has no memory for, before anything of it is loaded. */
import { execFileSync } from 'node:child_process';
import type { ClaimedTask } from '../../shared/api/tasks.ts';
import { refusal, type Workload } from '../../shared/planner/plan.ts';
import type { ImportedModel } from '../llama/weights/import-model.ts';
import { batchSizes } from '../../shared/planner/batch-sizes.ts';
import { longestSilence } from '../../shared/planner/silence.ts';
import { readingRows } from '../../shared/planner/reading-rows.ts';
import { machineMemoryBytes } from '../../shared/machine-memory.ts';
import { UserError } from '../../shared/user-error.ts';
import { hasCode } from '../../shared/caught.ts';

/** The task needs more than the device has; the message says how much, and what to change. */
export class MemoryRefusedError extends UserError {
  override readonly name = 'MemoryRefusedError';
  override readonly code = 'out-of-memory';
}

const SAMPLING = new Set<ClaimedTask['kind']>([
  'simulate',
  'ppo',
  'select',
  'generate',
  'best-of-n',
  'frontier',
  'trajectory',
  'look',
]);
/** Kinds that train as many rows at a time as are scored. */
const TRAINING: ReadonlySet<ClaimedTask['kind']> = new Set(['train-preference-model', 'look']);
/** Tokens of a response where the settings do not say. */
const USUAL_TOKENS = 128;

/**
 * What a task holds at a time. A prompt is taken to be as long as the settings allow, or as a response where they set no
 * bound; the real prompts are not read for this.
 */
export function taskWorkload(
  { kind, parameters }: Pick<ClaimedTask, 'kind' | 'parameters'>,
  model: Pick<ImportedModel, 'architecture'>,
): Workload {
  const { sampleRows, scoreRows } = batchSizes(model);
  const { maximumPositions } = model.architecture;
  const settings: Readonly<Record<string, unknown>> = parameters;
  const numberOf = (name: string, otherwise: number): number => {
    const value = settings[name];
    return typeof value === 'number' ? value : otherwise;
  };
  const newTokens = Math.min(maximumPositions - 1, numberOf('maximumNewTokens', USUAL_TOKENS));
  const promptTokens = Math.min(maximumPositions - newTokens, numberOf('maximumPromptTokens', newTokens));
  const policies = Array.isArray(settings['klCoefficients']) ? settings['klCoefficients'].length : 1;
  const rank = numberOf('rank', 8);
  return {
    sampleRows: SAMPLING.has(kind) ? sampleRows : 0,
    // The reward of a rollout.
    readRows: kind === 'ppo' ? readingRows(model.architecture, scoreRows, promptTokens + newTokens) : 0,
    promptTokens,
    newTokens,
    trainRows: numberOf('microbatchSize', TRAINING.has(kind) ? scoreRows : 0),
    trainGroups: kind === 'ppo' ? (settings['advantageEstimator'] === 'gae' ? 2 : 1) * policies : 1,
    rank,
  };
}

/** Seconds for which the engine may say nothing while it does a task. */
export function taskSilence(
  task: Pick<ClaimedTask, 'kind' | 'parameters'>,
  model: Pick<ImportedModel, 'architecture'>,
): number {
  const { architecture } = model;
  return longestSilence(architecture, taskWorkload(task, model), batchSizes(model).scoreRows);
}

/**
 * The memory of the device in bytes: of the machine or its container, or of the first card by nvidia-smi. Null where nobody
 * says, and then nothing is refused.
 */
export function deviceMemoryBytes(device: 'cpu' | 'cuda'): number | null {
  if (device === 'cpu') return machineMemoryBytes();
  try {
    const query = ['--query-gpu=memory.total', '--format=csv,noheader,nounits', '--id=0'];
    const mebibytes = Number(execFileSync('nvidia-smi', query, { encoding: 'utf8' }).trim());
    return Number.isFinite(mebibytes) && mebibytes > 0 ? mebibytes * 2 ** 20 : null;
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return null;
    throw error;
  }
}

/** @throws MemoryRefusedError such as "ppo on llama7b needs 31.2 GB, the card has 24.0 GB: use batch 8 or rank 8" */
export function refuseTooLarge(
  task: Pick<ClaimedTask, 'kind' | 'parameters' | 'baseModel'>,
  model: ImportedModel,
  device: 'cpu' | 'cuda',
  limit: number | null,
): void {
  if (limit === null) return;
  const fault = refusal(device, model.architecture, taskWorkload(task, model), limit);
  if (fault !== null) throw new MemoryRefusedError(`${task.kind} on ${task.baseModel.name} ${fault}`);
}
