/** How likely each token of the first pairs was under the prompt with its affix, and under the plain one. */
import { MAXIMUM_SAMPLE_TOKENS, roundedNats, type SampleTokens } from '../../../shared/api/sample-tokens.ts';
import { preferenceText } from '../../../shared/dialogue/preference-text.ts';
import type { PromptForm } from '../../../shared/principles/principle.ts';
import { SHOWN_PAIRS } from '../../../shared/planner/work.ts';
import { sequenceOf, type Sequence } from '../../llama/model/sequence.ts';
import type { Tokenizer } from '../../llama/tokenizer/tokenizer.ts';
import { continuationTokens, UnsayableTextError } from '../continuation-tokens.ts';
import type { PreferencePairLine } from '../preference-model/preference-examples.ts';
import { ResponseReader } from '../response-text.ts';
import type { TokenLogProbabilities } from '../total-nats.ts';
import type { SimulationOutcome } from './simulate.ts';

interface LikelihoodSettings {
  readonly promptForm: PromptForm;
  readonly contextLength: number;
}

/** A response as tokens behind the prompt with its affix and behind the plain one. */
interface Read {
  readonly ends: number[];
  readonly sequences: readonly Sequence<Int32Array>[];
}

/**
 * Adds to the provenance of the first pairs' sides, as `likelihoods`: `logProbabilities` of the tokens under the prompt
 * that the side was sampled from, `referenceLogProbabilities` under the plain one. A side that is empty, cannot be said
 * again, or fills the context when tokenised again, gets none.
 */
export async function withTokenLikelihoods(
  { pairs, sidePrompts }: Pick<SimulationOutcome, 'pairs' | 'sidePrompts'>,
  { promptForm, contextLength }: LikelihoodSettings,
  tokenizer: Tokenizer,
  score: TokenLogProbabilities,
  signal: AbortSignal,
): Promise<PreferencePairLine[]> {
  const reader = new ResponseReader(tokenizer, promptForm);
  const read = (response: string, prompts: readonly string[]): Read | undefined => {
    if (response === '') return undefined;
    const continuation = preferenceText(promptForm, '', response);
    const lead = continuation.indexOf(response);
    const encoded = prompts.map((prompt) => tokenizer.encodePrompt(prompt));
    const [plain = new Int32Array()] = encoded.slice(-1);
    const said = sayable(tokenizer, plain, continuation);
    if (said === undefined) return undefined;
    const tokens = said.subarray(0, MAXIMUM_SAMPLE_TOKENS);
    if (encoded.some((prompt) => prompt.length + tokens.length > contextLength)) return undefined;
    const ends = reader
      .tokenEnds(sequenceOf(plain, tokens), { text: tokenizer.decodeAfter(plain, tokens) })
      .map((end) => Math.min(response.length, Math.max(0, end - lead)));
    return { ends, sequences: encoded.map((prompt) => sequenceOf(prompt, tokens)) };
  };
  const sides = pairs
    .slice(0, SHOWN_PAIRS)
    .flatMap(({ prompt, chosen, rejected }, index) => [
      read(chosen, [sidePrompts[index]?.chosen ?? prompt, prompt]),
      read(rejected, [sidePrompts[index]?.rejected ?? prompt, prompt]),
    ]);
  const rows = await score(
    sides.flatMap((side) => side?.sequences ?? []),
    signal,
  );
  let next = 0;
  const found = sides.map((side): SampleTokens | undefined => {
    if (side === undefined) return undefined;
    const [own = new Float32Array(), plain = new Float32Array()] = rows.slice(next, next + 2);
    next += 2;
    const count = side.ends.length;
    return {
      ends: side.ends,
      logProbabilities: roundedNats(own, count),
      referenceLogProbabilities: roundedNats(plain, count),
    };
  });
  return pairs.map((pair, index) => ({
    ...pair,
    provenance: {
      ...pair.provenance,
      ...withLikelihoods(pair, 'chosen', found[2 * index]),
      ...withLikelihoods(pair, 'rejected', found[2 * index + 1]),
    },
  }));
}

function sayable(...text: Parameters<typeof continuationTokens>): Int32Array | undefined {
  try {
    return continuationTokens(...text);
  } catch (error) {
    if (error instanceof UnsayableTextError) return undefined;
    throw error;
  }
}

function withLikelihoods(
  { provenance }: PreferencePairLine,
  side: 'chosen' | 'rejected',
  likelihoods: SampleTokens | undefined,
) {
  return likelihoods === undefined ? {} : { [side]: { ...provenance?.[side], likelihoods } };
}
