/** A confidence interval. */
export interface Interval {
  readonly lower: number;
  readonly upper: number;
  /** The level it was made for, 0.95 for a 95 % interval. */
  readonly confidence: number;
}
