/** Leaves out pairs whose sides their own prompts do not tell apart: labels of which the model itself is not sure. */
import { preferenceText } from '../../../shared/dialogue/preference-text.ts';
import type { PromptForm } from '../../../shared/principles/principle.ts';
import { sequenceOf, type Sequence } from '../../llama/model/sequence.ts';
import type { Tokenizer } from '../../llama/tokenizer/tokenizer.ts';
import { AlgorithmInputError } from '../algorithm-error.ts';
import { continuationTokens, UnsayableTextError } from '../continuation-tokens.ts';
import { totalNats, type TokenLogProbabilities } from '../total-nats.ts';
import type { SidePrompts, SimulationOutcome } from './simulate.ts';
import { describePairs } from './simulation-report.ts';

interface ContrastSettings {
  readonly promptForm: PromptForm;
  /** Longest text that the model reads, in tokens. */
  readonly contextLength: number;
  /** Nats by which each side must be likelier behind its own prompt than behind the other's; null keeps all. */
  readonly leastContrast: number | null;
}

/** Nats by which each side is likelier behind its own prompt. */
interface Contrast {
  readonly chosen: number;
  readonly rejected: number;
}

/**
 * Measures how much likelier each side is behind its own prompt, and keeps a pair only if log p(chosen | its prompt) - log p(chosen | the other prompt) and the same of the rejected side are
 * both at least `leastContrast`; others are counted as `weak-contrast`. A pair with a side that cannot be read behind both
 * prompts, since its text cannot be said again or fills the context, is counted as `unreadable`. Both margins stand in the
 * provenance as `contrast`.
 *
 * @throws AlgorithmInputError where no pair is left
 */
export async function dropWeakContrasts(
  outcome: SimulationOutcome,
  settings: ContrastSettings,
  tokenizer: Tokenizer,
  score: TokenLogProbabilities,
  signal: AbortSignal,
): Promise<SimulationOutcome> {
  const { leastContrast } = settings;
  const contrasts = await contrastsOf(outcome, settings, tokenizer, score, signal);
  const strong = contrasts.map(
    (contrast) =>
      contrast !== null &&
      (leastContrast === null || Math.min(contrast.chosen, contrast.rejected) >= leastContrast),
  );
  const kept = <Item>(items: readonly Item[]) => items.filter((_, index) => strong[index]);
  const accepted = kept(outcome.accepted);
  if (accepted.length === 0 && contrasts.every((contrast) => contrast === null)) {
    throw new AlgorithmInputError(
      `none of ${outcome.pairs.length} pairs can be read behind both prompts: the tokenizer cannot say the answers again, or they fill ` +
        "the model's context; give shorter prompts, or leave the contrast out (simulate.leastContrast null)",
    );
  }
  if (accepted.length === 0) {
    throw new AlgorithmInputError(
      `none of ${outcome.pairs.length} pairs has two sides that are likelier by ${leastContrast} nats behind their own ` +
        'prompt: the affixes mean too little to this model; use other words, or lower simulate.leastContrast',
    );
  }
  const unreadable = contrasts.filter((contrast) => contrast === null).length;
  const weak = contrasts.length - unreadable - accepted.length;
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
      dropped: {
        ...result.dropped,
        ...(weak > 0 && { 'weak-contrast': weak }),
        ...(unreadable > 0 && { unreadable }),
      },
      ...describePairs(accepted),
    },
  };
}

/** Of every pair, in order; null for one that cannot be read. */
async function contrastsOf(
  { pairs, sidePrompts }: SimulationOutcome,
  { promptForm, contextLength }: ContrastSettings,
  tokenizer: Tokenizer,
  score: TokenLogProbabilities,
  signal: AbortSignal,
): Promise<(Contrast | null)[]> {
  const read = pairs.map(({ chosen, rejected }, index) =>
    readings(tokenizer, promptForm, sidePrompts[index], chosen, rejected),
  );
  const fits = read.map(
    (sequences) => sequences !== null && sequences.every(({ tokens }) => tokens.length <= contextLength),
  );
  const nats = await totalNats(
    read.flatMap((sequences, index) => (fits[index] ? (sequences ?? []) : [])),
    score,
    signal,
  );
  let place = 0;
  const next = () => nats[place++] ?? Number.NaN;
  return fits.map((fit) => {
    if (!fit) return null;
    const [chosen, rejected] = [next() - next(), next() - next()];
    return { chosen, rejected };
  });
}

/** Each side behind its own prompt and behind the other's; null where a text cannot be said again. */
function readings(
  tokenizer: Tokenizer,
  form: PromptForm,
  prompts: SidePrompts | undefined,
  chosen: string,
  rejected: string,
): Sequence<Int32Array>[] | null {
  if (prompts === undefined) throw new AlgorithmInputError('a pair has no prompts');
  const behind = (prompt: string, response: string): Sequence<Int32Array> => {
    const tokens = tokenizer.encodePrompt(prompt);
    return sequenceOf(tokens, continuationTokens(tokenizer, tokens, preferenceText(form, '', response)));
  };
  try {
    return [
      behind(prompts.chosen, chosen),
      behind(prompts.rejected, chosen),
      behind(prompts.rejected, rejected),
      behind(prompts.chosen, rejected),
    ];
  } catch (error) {
    if (error instanceof UnsayableTextError) return null;
    throw error;
  }
}
