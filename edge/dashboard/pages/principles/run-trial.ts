/**
 * Tries a principle on one prompt, for real: an experiment of that prompt alone is made, its simulation is waited
 * for, and experiment and prompt set are removed again. Nothing but the public API is used, so any runner does it.
 */
import type { Client } from '../../../../shared/api/client.ts';
import { affixPairIndex } from '../../../../shared/dialogue/contrast-prompts.ts';
import type { ExperimentDetail, Pair } from '../../app/types.ts';
import { UserError } from '../../../../shared/user-error.ts';

const ASK_EVERY_MILLISECONDS = 700;
const SPLITS = ['train', 'dev', 'test'] as const;
const SIMULATE = 'simulate';

/** The trial ended without a pair; the message says why. */
class TrialFailedError extends UserError {
  override readonly name = 'TrialFailedError';
  override readonly code = 'trial-failed';
}

interface Trial {
  readonly principle: { readonly name: string; readonly version: number };
  readonly affixPairs: number;
  /** Which affix pair is tried. */
  readonly affixPair: number;
  readonly prompt: string;
  readonly baseModel: string;
  /** What samples, where it is another: a model that is served elsewhere. */
  readonly simulator: string | undefined;
  readonly maximumNewTokens: number;
}

/** A seed that draws the wished affix pair for the first prompt; a new one each time, for a new sample. */
function seedFor({ affixPairs, affixPair }: Trial): number {
  let seed = Math.floor(Math.random() * 2 ** 40);
  while (affixPairIndex(affixPairs, seed, 0) !== affixPair) seed++;
  return seed;
}

/**
 * @param onProgress told what the trial waits for
 * @throws TrialFailedError, ApiError, or the signal's reason; what was made is removed in any case
 */
export async function runTrial(
  client: Client,
  trial: Trial,
  onProgress: (text: string) => void,
  signal: AbortSignal,
): Promise<Pair> {
  const name = `trial-${crypto.randomUUID()}`;
  const lines = SPLITS.map((split) => JSON.stringify({ prompt: trial.prompt, split }));
  const promptSet = await client.createPromptSet(
    { query: { name, rule: 'field' }, body: `${lines.join('\n')}\n` },
    { signal },
  );
  let experimentId: string | undefined;
  try {
    const experiment = await client.createExperiment({
      body: {
        name: `Trial of ${trial.principle.name} v${trial.principle.version}`,
        method: 'rlcd',
        principle: { ...trial.principle },
        promptSet: promptSet.id,
        baseModel: trial.baseModel,
        ...(trial.simulator === undefined ? {} : { simulator: trial.simulator }),
        seed: seedFor(trial),
        hyperparameters: { simulate: { maximumNewTokens: trial.maximumNewTokens } },
      },
    });
    experimentId = experiment.id;
    await untilSimulated(client, experimentId, onProgress, signal);
    const { items } = await client.listPreferencePairs({ parameters: { experimentId } }, { signal });
    const [pair] = items;
    if (!pair) throw new TrialFailedError('The simulation ended without a pair.');
    return pair;
  } finally {
    if (experimentId !== undefined) {
      await client.cancelExperiment({ parameters: { experimentId } });
      await client.deleteExperiment({ parameters: { experimentId } });
    }
    await client.deletePromptSet({ parameters: { promptSetId: promptSet.id } });
  }
}

async function untilSimulated(
  client: Client,
  experimentId: string,
  onProgress: (text: string) => void,
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    signal.throwIfAborted();
    const experiment = await client.getExperiment({ parameters: { experimentId } }, { signal });
    const stage = experiment.stages.find(({ name }) => name === SIMULATE);
    if (stage?.status === 'succeeded') return;
    if (!stage || stage.status === 'failed' || stage.status === 'cancelled') {
      throw new TrialFailedError(await whyFailed(client, experiment));
    }
    const [task] = stage.tasks;
    onProgress(
      task?.status === 'leased' ? 'A runner is sampling both sides.' : (task?.waitsFor ?? 'Waiting.'),
    );
    await new Promise((resolve) => setTimeout(resolve, ASK_EVERY_MILLISECONDS));
  }
}

async function whyFailed(client: Client, { stages, statusReason }: ExperimentDetail): Promise<string> {
  const task = stages.find(({ name }) => name === SIMULATE)?.tasks[0];
  if (!task) return statusReason ?? 'The trial was cancelled.';
  const { failures } = await client.getTask({ parameters: { taskId: task.id } });
  return failures.at(-1)?.message ?? statusReason ?? 'The trial was cancelled.';
}
