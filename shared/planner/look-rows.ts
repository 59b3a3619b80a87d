/** The figures of a look with their names, as terminals and pages show them. */
import type { ContrastMeasurement } from '../principles/contrast.ts';
import type { PrincipleForm } from '../principles/principle.ts';
import { fixed, percentWithInterval } from '../report/figures.ts';
import { refusals } from './look-verdict.ts';
import type { WorkRates } from './seconds.ts';

type LookRow = readonly [name: string, value: string];

/** Above this share of answers that ran to the limit, most that a policy learns of is cut. */
const MOST_CUT = 0.5;

/** @param longest tokens that an answer might have @param form of the principle: a text that goes on is cut by design */
export function contrastRows(contrast: ContrastMeasurement, longest: number, form: PrincipleForm): LookRow[] {
  const { acceptance, separation, positive, negative, prompts, truncatedShare } = contrast;
  const refused = refusals(contrast).map(([reason, count]) => `${count} ${reason}`);
  return [
    ['answers', `${2 * prompts} to ${prompts} prompts, one a side`],
    [
      'kept by the filter',
      percentWithInterval(acceptance.share, acceptance.interval) +
        (refused.length > 0 ? `; refused: ${refused.join(', ')}` : ''),
    ],
    [
      'sides told apart',
      `${percentWithInterval(separation.share, separation.interval)}; ` +
        `${fixed(positive.nats.mean, 1)} nats towards, ${fixed(negative.nats.mean, 1)} away`,
    ],
    [
      'tokens an answer',
      `${fixed(positive.tokens.mean, 1)} towards, ${fixed(negative.tokens.mean, 1)} away; ` +
        `${Math.round(100 * truncatedShare)} % ran to the limit of ${longest}`,
    ],
    ...(form === 'dialogue' && truncatedShare > MOST_CUT ? [CUT] : []),
  ];
}

const CUT: LookRow = [
  'most are cut off',
  'allow longer ones (--answer-tokens, or "Longest answer" in the dashboard), which takes more time, or have the ' +
    'prompts ask for short ones (rlcd data questions --append "Answer in one or two sentences.")',
];

const whole = (value: number) => Math.round(value).toLocaleString('en');

export function speedRow({ sampled, read, trained }: WorkRates): LookRow {
  return ['tokens a second', `${whole(sampled)} sampled, ${whole(read)} read, ${whole(trained)} trained`];
}
