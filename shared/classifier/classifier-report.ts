/** What is known of a text classifier when it is made: of what, how, and how well it does on texts held out. */
import { z } from 'zod';
import { interval } from '../api/tasks/settings.ts';

/** Figures of the held-out texts. */
const heldOutFigures = z.object({
  n: z.int(),
  positiveShare: z.number(),
  /** Share of the texts whose likelier label is theirs, with Wilson's interval. */
  accuracy: z.number(),
  accuracyInterval: interval,
  /** What the commoner label reaches, said of every text. */
  commonerLabelAccuracy: z.number(),
  /** How often a positive text has the higher probability than a negative one, with a bootstrap over texts. */
  areaUnderCurve: z.number(),
  areaUnderCurveInterval: interval,
  brierScore: z.number(),
  /** Over ten bins. */
  expectedCalibrationError: z.number(),
  /** The same of a rule that reads the number of characters alone, fitted on the same texts as the classifier. */
  lengthAlone: z.object({ accuracy: z.number(), areaUnderCurve: z.number() }),
});
export type HeldOutFigures = z.output<typeof heldOutFigures>;

const file = z.object({ name: z.string(), bytes: z.int(), sha256: z.string() });

/** What the engine tells of a classifier that it has made. */
export const classifierReport = z.object({
  /** The encoder's files that it is made of. */
  encoder: z.object({ files: z.array(file), width: z.int() }),
  /** Tokens after which a text is cut, and how many of all texts were. */
  maximumTokens: z.int(),
  cutTexts: z.int(),
  fittedOn: z.object({ n: z.int(), positiveShare: z.number() }),
  /** The chosen strength of the L2 penalty, and what each did in cross-validation. */
  penalty: z.number(),
  crossValidation: z.array(
    z.object({ penalty: z.number(), logLoss: z.number(), areaUnderCurve: z.number() }),
  ),
  /** What Platt's calibration did to the log-odds. */
  calibration: z.object({ slope: z.number(), intercept: z.number() }),
  heldOut: heldOutFigures,
  /** Largest difference between a probability of the fit and the one that the written folder gives, over some texts. */
  check: z.object({ texts: z.int(), largestDifference: z.number() }),
  /** The files of the classifier. */
  files: z.array(file),
});
export type ClassifierReport = z.output<typeof classifierReport>;
