/** The part of vader-sentiment (which ships no types) that is used. */
declare module 'vader-sentiment' {
  interface PolarityScores {
    compound: number;
    pos: number;
    neu: number;
    neg: number;
  }
  const vader: { SentimentIntensityAnalyzer: { polarity_scores(text: string): PolarityScores } };
  export default vader;
}
