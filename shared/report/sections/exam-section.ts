/** What each judge is worth, and what its win rates become when its known error is taken out. */
import type { ReportDocument } from '../document.ts';
import { fixed, percent, percentEstimate } from '../figures.ts';
import type { Block, Section } from './blocks.ts';

const NOTE =
  'Each judge on pairs that people judged and no training step saw: how often it agrees with them (ties for half), beside ' +
  'what preferring the longer response would reach. A Brier score of 0.25 is what always saying 50 % earns; the calibration ' +
  'error is how far its probabilities are from what happens. Bias is how often the place shown first wins, less 50 %.';

const CORRECTED =
  'Rates against the base as people would give them, if the judge errs here as often as on those pairs, and on both systems ' +
  'alike: what is not known of the rate and of the judge is both in the interval. Where a judge that errs so often could not ' +
  'be so sure, it errs otherwise here, and no rate is told.';

export function examSection({ judges }: ReportDocument): Section {
  const examined = judges.flatMap(({ judge, exam, matchUps }) =>
    exam === undefined ? [] : [{ judge, exam, matchUps }],
  );
  if (examined.length === 0) return { title: '', blocks: [] };
  const unknown = judges.filter(({ exam }) => exam === undefined).map(({ judge }) => judge);
  const worth: Block = {
    kind: 'table',
    caption: 'What each judge is worth',
    head: [
      'judge',
      'pairs',
      'ties',
      'accuracy (%)',
      'length alone (%)',
      'at equal length (%)',
      'Brier score',
      'calibration error',
      'bias (%)',
      'both orders agree (%)',
    ],
    rows: examined.map(({ judge, exam }) => [
      judge,
      String(exam.n),
      String(exam.ties),
      percentEstimate(exam.accuracy),
      percentEstimate(exam.lengthOnlyAccuracy),
      orDash(exam.atEqualLength, percentEstimate),
      orDash(exam.brier, (value) => fixed(value, 3)),
      orDash(exam.expectedCalibrationError, (value) => fixed(value, 3)),
      orDash(exam.positionBias, percent),
      orDash(exam.consistency, percent),
    ]),
  };
  const rates = examined.flatMap(({ judge, matchUps }) =>
    matchUps.flatMap(({ first, second, rate, corrected }) =>
      corrected === undefined
        ? []
        : [
            [
              `${first} against ${second}`,
              judge,
              percentEstimate(rate),
              corrected.isExplained
                ? percentEstimate(corrected.rate)
                : 'not told: the judge errs otherwise here',
            ],
          ],
    ),
  );
  const correctedRates: Block = {
    kind: 'table',
    caption: 'Win rates against the base, as judged and as people would give them',
    head: ['pair', 'judge', 'as judged', 'as people would'],
    rows: rates,
  };
  return {
    title: 'What each judge is worth',
    blocks: [
      { kind: 'text', text: NOTE },
      worth,
      ...(unknown.length === 0
        ? []
        : [{ kind: 'text' as const, text: `Nobody examined ${unknown.join(', ')}.` }]),
      ...(rates.length === 0 ? [] : [{ kind: 'text' as const, text: CORRECTED }, correctedRates]),
    ],
  };
}

function orDash<Value>(value: Value | null, text: (value: Value) => string): string {
  return value === null ? '–' : text(value);
}
