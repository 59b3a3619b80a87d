/** The held-out judge of the kind-stories task: VADER, a lexicon no training step sees. */
import vader from 'vader-sentiment';

/** VADER's compound sentiment of a text, -1 (most negative) to 1 (most positive); 0 for empty text. */
export function sentiment(text: string): number {
  return vader.SentimentIntensityAnalyzer.polarity_scores(text).compound;
}
