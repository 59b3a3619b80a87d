/** What people said of the answers of this comparison, alone and beside each judge. */
import type { ReportDocument } from '../document.ts';
import { fixed, percentEstimate } from '../figures.ts';
import type { Section } from './blocks.ts';

const NOTE =
  'People labelled some of these pairs, blind. A judge that agrees with them makes their rate surer where they said nothing: ' +
  "the people's rate plus the weight times what the judge says of the other pairs less what it says of the labelled ones " +
  '(prediction-powered inference). It holds whatever the judge is worth, as long as the labelled prompts are like the others.';

export function peoplesSection({ judges }: ReportDocument): Section {
  const rows = judges.flatMap(({ judge, matchUps }) =>
    matchUps.flatMap(({ first, second, rate, people }) =>
      people === undefined
        ? []
        : [
            [
              `${first} against ${second}`,
              judge,
              String(people.labelled),
              percentEstimate(people.agreement),
              percentEstimate(rate),
              fixed(people.weight, 2),
              percentEstimate(people.rate),
            ],
          ],
    ),
  );
  if (rows.length === 0) return { title: '', blocks: [] };
  return {
    title: 'Judges and people together',
    blocks: [
      { kind: 'text', text: NOTE },
      {
        kind: 'table',
        caption: 'Win rates against the base in per cent, with 95 % intervals over resampled prompts',
        head: ['pair', 'judge', 'labelled', 'judge agrees', 'judge alone', 'weight', 'people and judge'],
        rows,
      },
    ],
  };
}
