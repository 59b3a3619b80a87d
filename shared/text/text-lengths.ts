/** How long texts are. */
import { summarise } from '../statistics/summary.ts';
import type { Summary } from '../statistics/summary.ts';
import { words } from './words.ts';

/** Lengths of a set of texts, each as mean, deviation, median and extremes; `tokens` when a counter was given. */
export interface TextLengths {
  readonly characters: Summary;
  readonly words: Summary;
  readonly tokens?: Summary;
}

/**
 * @param countTokens the model's tokenizer as a counter
 * @throws StatisticsInputError if there are no texts
 */
export function textLengths(texts: readonly string[], countTokens?: (text: string) => number): TextLengths {
  const lengths = {
    characters: summarise(texts.map((text) => Array.from(text).length)),
    words: summarise(texts.map((text) => words(text).length)),
  };
  return countTokens === undefined ? lengths : { ...lengths, tokens: summarise(texts.map(countTokens)) };
}
