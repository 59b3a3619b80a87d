/** A calibration for scorer files of tests. */
import { SCORER_FORMAT, type Calibration } from '../../../shared/scoring/calibration.ts';

export const CALIBRATION: Calibration = {
  format: SCORER_FORMAT,
  slope: 1,
  baseQuantiles: Array.from({ length: 101 }, (_, percent) => percent / 10 - 5),
  words: { lower: 3, upper: 80 },
  knownShare: 0.9,
};
