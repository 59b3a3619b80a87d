/** The product's own preference model on human pairs: trained by its trainer, asked for the margins of other pairs. */
import { continuationTokens } from '../../../gpu-runner/algorithms/continuation-tokens.ts';
import { PreferenceModel } from '../../../gpu-runner/algorithms/preference-model/preference-model.ts';
import { trainPreferenceModel } from '../../../gpu-runner/algorithms/preference-model/train-preference-model.ts';
import type { Model } from '../../../gpu-runner/llama/weights/model.ts';
import { batchSizes } from '../../../shared/planner/batch-sizes.ts';
import { hyperparameterDefaults } from '../../../shared/api/tasks/kinds.ts';
import { preferenceText } from '../../../shared/dialogue/preference-text.ts';
import type { HumanPair } from './human-pairs.ts';

interface PreferenceModelOptions {
  readonly learningRate: number;
  readonly epochs: number;
  readonly heldOutPairs: number;
  /** Longest text in tokens; a longer prompt is cut at its beginning, so that the last turns stay. */
  readonly maximumLength: number;
  readonly seed: number;
}

/** A pair whose texts the model's tokenizer can say within the length. */
interface TokenisedPair {
  readonly chosen: Int32Array;
  readonly rejected: Int32Array;
}

/** Null where the tokenizer cannot say a response, or a response alone is too long. */
function tokenise(model: Model, pair: HumanPair, maximumLength: number): TokenisedPair | null {
  const { tokenizer } = model;
  const prompt = tokenizer.encode(pair.prompt);
  const side = (response: string): Int32Array | null => {
    const tokens = sayable(() =>
      continuationTokens(tokenizer, prompt, preferenceText('dialogue', '', response)),
    );
    const start = tokenizer.startsWithBos && tokenizer.bosToken !== null ? [tokenizer.bosToken] : [];
    const room = maximumLength - start.length - (tokens?.length ?? 0);
    if (tokens === null || room < 1) return null;
    return Int32Array.of(...start, ...prompt.subarray(Math.max(0, prompt.length - room)), ...tokens);
  };
  const [chosen, rejected] = [side(pair.chosen), side(pair.rejected)];
  return chosen === null || rejected === null ? null : { chosen, rejected };
}

function sayable(encode: () => Int32Array): Int32Array | null {
  try {
    return encode();
  } catch (error) {
    if (error instanceof Error && error.name === 'AlgorithmInputError') return null;
    throw error;
  }
}

/** Trains on the pairs and scores the others. @returns for each set the margins, null for a pair it cannot read */
export async function preferenceMargins(
  model: Model,
  train: readonly HumanPair[],
  sets: readonly (readonly HumanPair[])[],
  options: PreferenceModelOptions,
  say: (text: string) => void,
) {
  const settings = {
    ...hyperparameterDefaults['train-preference-model'],
    learningRate: options.learningRate,
    epochs: options.epochs,
    heldOutPairs: options.heldOutPairs,
    maximumLength: options.maximumLength,
    promptForm: 'dialogue' as const,
    microbatchRows: batchSizes(model).scoreRows,
  };
  const lines = train
    .filter((pair) => tokenise(model, pair, options.maximumLength) !== null)
    .map((pair, row) =>
      Object.assign({}, pair, { promptId: String(row), labelProbability: 1, affixPair: null }),
    );
  const { signal } = new AbortController();
  const trained = await trainPreferenceModel(
    model,
    lines,
    settings,
    options.seed,
    {
      signal,
      progress: (done, total, unit) => {
        if (done % 10 === 0 || done === total) say(`preference model: ${done}/${total} ${unit}`);
      },
      metrics: () => {},
      samples: () => {},
      checkpoint: async () => {},
    },
    null,
  );
  const preferences = await PreferenceModel.open(model, {
    rank: settings.rank,
    alpha: settings.alpha,
    vector: trained.vector,
    maximumTime: options.maximumLength,
    microbatchRows: settings.microbatchRows,
  });
  try {
    const margins = [];
    for (const set of sets)
      margins.push(await marginsOf(model, preferences, set, options.maximumLength, signal));
    return { result: trained.result, margins };
  } finally {
    await preferences.close();
  }
}

async function marginsOf(
  model: Model,
  preferences: PreferenceModel,
  pairs: readonly HumanPair[],
  maximumLength: number,
  signal: AbortSignal,
): Promise<(number | null)[]> {
  const tokenised = pairs.map((pair) => tokenise(model, pair, maximumLength));
  const present = tokenised.flatMap((pair) => pair ?? []);
  // Texts of like length go together: a batch is as long as its longest text.
  const order = [...present.keys()].sort((a, b) => lengthOf(present[a]) - lengthOf(present[b]));
  const texts = order.flatMap((index) => [present[index]?.chosen, present[index]?.rejected]);
  const scores = await preferences.score(
    texts.flatMap((text) => text ?? []),
    signal,
  );
  const margins = new Map(
    order.map((index, place) => [
      present[index],
      (scores[2 * place] ?? Number.NaN) - (scores[2 * place + 1] ?? Number.NaN),
    ]),
  );
  return tokenised.map((pair) => (pair === null ? null : (margins.get(pair) ?? Number.NaN)));
}

function lengthOf(pair: TokenisedPair | undefined): number {
  return Math.max(pair?.chosen.length ?? 0, pair?.rejected.length ?? 0);
}
