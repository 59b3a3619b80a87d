/** The held-out judge of the kind-stories task: VADER, a lexicon no training step sees. */
import vader from 'vader-sentiment';

/** VADER's compound sentiment of a text, -1 (most negative) to 1 (most positive); 0 for empty text. */
export function sentiment(text: string): number {
  return vader.SentimentIntensityAnalyzer.polarity_scores(text).compound;
}

/**
 * The first response's score against the second: 1 if its sentiment is higher, 0 if lower, 0.5 if equal. A scorer reads
 * one text at a time, so both orders give the same answer and need not be judged twice.
 */
export function compareSentiment(first: string, second: string): 0 | 0.5 | 1 {
  const [a, b] = [sentiment(first), sentiment(second)];
  if (a === b) return 0.5;
  return a > b ? 1 : 0;
}
