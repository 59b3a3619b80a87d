/** The logistic function: from a difference of scores to a probability. */
export const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
