/** How far the log-probabilities of answers are apart. */

/** Of every answer its tokens'. */
export type Scores = readonly (readonly number[])[];

/** In nats. */
export interface Distance {
  /** Mean absolute difference of a token's log-probability, over all tokens. */
  readonly token: number;
  /** Mean absolute difference of an answer's mean log-probability, over the answers. */
  readonly answer: number;
}

/** NaN where the two do not score the same tokens. */
export function distanceOf(ours: Scores, theirs: Scores): Distance {
  const differences = ours.map((own, row) => {
    const other = theirs[row] ?? [];
    return other.length === own.length
      ? own.map((value, place) => value - (other[place] ?? Number.NaN))
      : [Number.NaN];
  });
  return {
    token: mean(differences.flat().map(Math.abs)),
    answer: mean(differences.map((row) => Math.abs(mean(row)))),
  };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
