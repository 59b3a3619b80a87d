/** What was proposed and measured, for people. */
import { faultOfContrast, weakerNats } from '../../../shared/principles/choose-pair.ts';
import type { ContrastMeasurement } from '../../../shared/principles/contrast.ts';
import type { ProposedPair } from '../../../shared/principles/proposals.ts';
import { fixed, percentWithInterval } from '../../../shared/report/figures.ts';
import { printable } from '../../terminal/printable.ts';
import { formatTable, percent } from '../../terminal/table.ts';

/** Characters of an answer that are shown. */
const SHOWN = 200;

const pairLine = ({ positive, negative, placement, by }: ProposedPair) =>
  `${printable(positive)} against ${printable(negative)}${placement === 'user' ? ", behind the user's words" : ''}` +
  (by === 'model' ? ', by the model' : '');

/** A pair with what it does to the model's answers. */
export interface MeasuredPair {
  readonly pair: ProposedPair;
  readonly measured: ContrastMeasurement;
}

export function formatProposals(pairs: readonly ProposedPair[]): string {
  return pairs.map((pair, index) => `${index + 1}  ${pairLine(pair)}`).join('\n');
}

/** @param best the place of the chosen one; null for none */
export function formatContrasts(found: readonly MeasuredPair[], best: number | null): string {
  const least = best === null ? Infinity : (found[best]?.measured.separation.share ?? Infinity);
  const rows = found.map(({ pair, measured }, index) => {
    const { separation, acceptance, lengthGap } = measured;
    return [
      `${index + 1}`,
      percentWithInterval(separation.share, separation.interval),
      fixed(weakerNats(measured), 1),
      percent(acceptance.share),
      fixed(lengthGap, 1),
      index === best ? 'best' : (faultOfContrast(measured) ?? remarkOn(pair, separation.share >= least)),
    ];
  });
  const head = ['pair', 'told apart', 'nats', 'kept', 'length gap', ''];
  return `${formatProposals(found.map(({ pair }) => pair))}\n\n${formatTable(head, rows)}`;
}

/** Why a pair with a share as large as that of the best is not the best. */
const remarkOn = ({ by }: ProposedPair, isAsLarge: boolean) =>
  isAsLarge && by === 'model' ? 'not clearly better' : '';

/** The first prompts with both answers. */
export function formatAnswers({ examples }: ContrastMeasurement): string {
  return examples
    .map(({ prompt, positive, negative }) =>
      [
        `\n? ${line(prompt.slice(-SHOWN))}`,
        `+ ${line(positive.text)}${positive.accepted ? '' : ' (refused)'}`,
        `- ${line(negative.text)}${negative.accepted ? '' : ' (refused)'}`,
      ].join('\n'),
    )
    .join('\n');
}

function line(text: string): string {
  const one = printable(text).replaceAll(/\s+/g, ' ').trim();
  return one.length <= SHOWN ? one : `${one.slice(0, SHOWN)} ...`;
}
