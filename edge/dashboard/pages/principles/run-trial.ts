/**
 * Tries a principle on one prompt, for real: an experiment of that prompt alone is made, its simulation is waited
 * for, and experiment and prompt set are removed again. Nothing but the public API is used, so any runner does it.
 */
import type { Client } from '../../../../shared/api/client.ts';
import { affixPairIndex } from '../../../../shared/dialogue/contrast-prompts.ts';
import { inPassing, StageFailedError } from '../../app/in-passing.ts';
import type { Pair } from '../../app/types.ts';

/**
 * Simulates both sides, which is all that a trial waits for, and asks least of the prompts beside that: two to test, which
 * are never answered.
 */
const METHOD = 'dpo';
const SPLITS = ['train', 'test', 'test'] as const;

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
 * @throws StageFailedError, ApiError, or the signal's reason; what was made is removed in any case
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
  try {
    return await inPassing(
      client,
      {
        body: {
          name: `Trial of ${trial.principle.name} v${trial.principle.version}`,
          method: METHOD,
          principle: { ...trial.principle },
          promptSet: promptSet.id,
          baseModel: trial.baseModel,
          ...(trial.simulator === undefined ? {} : { simulator: trial.simulator }),
          seed: seedFor(trial),
          hyperparameters: { simulate: { maximumNewTokens: trial.maximumNewTokens } },
        },
        stage: 'simulate',
        async read({ id: experimentId }) {
          const { items } = await client.listPreferencePairs({ parameters: { experimentId } }, { signal });
          const [pair] = items;
          if (!pair) throw new StageFailedError('The simulation ended without a pair.');
          return pair;
        },
      },
      onProgress,
      signal,
    );
  } finally {
    await client.deletePromptSet({ parameters: { promptSetId: promptSet.id } });
  }
}
