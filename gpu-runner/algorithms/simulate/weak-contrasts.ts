/** Leaves out pairs whose sides their own prompts do not tell apart: labels of which the model itself is not sure. */
import { preferenceText } from '../../../shared/dialogue/preference-text.ts';
import type { PromptForm } from '../../../shared/principles/principle.ts';
import { sequenceOf, type Sequence } from '../../llama/model/sequence.ts';
import type { Tokenizer } from '../../llama/tokenizer/tokenizer.ts';
import { AlgorithmInputError } from '../algorithm-error.ts';
import { continuationTokens } from '../continuation-tokens.ts';
import type { SimulationOutcome } from './simulate.ts';
import { describePairs } from './simulation-report.ts';
import type { TokenLogProbabilities } from './token-likelihoods.ts';

interface ContrastSettings {
  readonly promptForm: PromptForm;
  /** Nats by which each side must be likelier behind its own prompt than behind the other's. */
  readonly leastContrast: number;
}

/** Texts that are read at a time: a bound on memory, which changes no number. */
const READ_AT_A_TIME = 256;

/**
 * Keeps a pair only if log p(chosen | its prompt) - log p(chosen | the other prompt) and the same of the rejected side are
 * both at least `leastContrast`. Both margins stand in the provenance as `contrast`.
 *
 * @param score log-probabilities of every response token of each sequence
 * @throws AlgorithmInputError where no pair is left
 */
export async function dropWeakContrasts(
  outcome: SimulationOutcome,
  { promptForm, leastContrast }: ContrastSettings,
  tokenizer: Tokenizer,
  score: TokenLogProbabilities,
  signal: AbortSignal,
): Promise<SimulationOutcome> {
  const sequences = outcome.pairs.flatMap(({ chosen, rejected }, index) => {
    const prompts = outcome.sidePrompts[index];
    if (prompts === undefined) throw new AlgorithmInputError(`pair ${index} has no prompts`);
    const [toChosen, toRejected] = [prompts.chosen, prompts.rejected].map((one) =>
      tokenizer.encodePrompt(one),
    );
    const behind = (prompt: Int32Array = new Int32Array(), response: string): Sequence<Int32Array> =>
      sequenceOf(prompt, continuationTokens(tokenizer, prompt, preferenceText(promptForm, '', response)));
    return [
      behind(toChosen, chosen),
      behind(toRejected, chosen),
      behind(toRejected, rejected),
      behind(toChosen, rejected),
    ];
  });
  const nats: number[] = [];
  for (let start = 0; start < sequences.length; start += READ_AT_A_TIME) {
    const rows = await score(sequences.slice(start, start + READ_AT_A_TIME), signal);
    nats.push(...rows.map((row) => row.reduce((sum, value) => sum + value, 0)));
  }
  const margin = (place: number) => (nats[place] ?? Number.NaN) - (nats[place + 1] ?? Number.NaN);
  const contrasts = outcome.pairs.map((_, index) => ({
    chosen: margin(4 * index),
    rejected: margin(4 * index + 2),
  }));
  const strong = contrasts.map(
    ({ chosen, rejected }) => chosen >= leastContrast && rejected >= leastContrast,
  );
  const kept = <Item>(items: readonly Item[]) => items.filter((_, index) => strong[index]);
  const accepted = kept(outcome.accepted);
  if (accepted.length === 0) {
    throw new AlgorithmInputError(
      `none of ${outcome.pairs.length} pairs has two sides that are likelier by ${leastContrast} nats behind their own ` +
        'prompt: the affixes mean too little to this model; use other words, or lower simulate.leastContrast',
    );
  }
  const weak = outcome.pairs.length - accepted.length;
  const { result } = outcome;
  return {
    accepted,
    sidePrompts: kept(outcome.sidePrompts),
    pairs: kept(
      outcome.pairs.map((pair, index) => ({
        ...pair,
        provenance: {
          chosen: { ...pair.provenance?.chosen, contrast: contrasts[index]?.chosen },
          rejected: { ...pair.provenance?.rejected, contrast: contrasts[index]?.rejected },
        },
      })),
    ),
    result: {
      ...result,
      dropped: { ...result.dropped, ...(weak > 0 && { 'weak-contrast': weak }) },
      ...describePairs(accepted),
    },
  };
}
