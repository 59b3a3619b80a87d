/** How a person labels: agreement with each judge on the same pairs, and a taste for the side that is shown first. */
import { accuracy, cohensKappa, type Accuracy, type Kappa } from '../../../../shared/statistics/agreement.ts';
import { definedOrNull } from '../../../../shared/statistics/errors.ts';
import type { Comparison } from '../../app/types.ts';

export interface Agreement {
  readonly judge: string;
  readonly agreed: Accuracy;
  /** Agreement beyond chance; null where both always said the same one thing. */
  readonly kappa: Kappa | null;
}

const isSaid = ({ outcome }: Comparison) => outcome !== 'skipped';

/** On the pairs that both have judged; a skipped pair says nothing. */
export function agreementWithJudges(own: readonly Comparison[], machine: readonly Comparison[]): Agreement[] {
  const said = new Map(own.filter(isSaid).map((comparison) => [comparison.candidateId, comparison.outcome]));
  const byJudge = Map.groupBy(machine.filter(isSaid), ({ judge }) => judge);
  return [...byJudge].flatMap(([judge, comparisons]) => {
    const both = comparisons.flatMap(({ candidateId, outcome }) => {
      const mine = said.get(candidateId);
      return mine === undefined ? [] : [[mine, outcome] as const];
    });
    if (both.length === 0) return [];
    const [mine, theirs] = [both.map(([first]) => first), both.map(([, second]) => second)];
    const agreed = accuracy(both.map(([first, second]) => (first === second ? 1 : 0)));
    return [{ judge, agreed, kappa: definedOrNull(() => cohensKappa(mine, theirs)) }];
  });
}

/** Share of decided pairs in which side A was chosen: sides are shuffled, so one half is fair; null before the first. */
export function shareOfFirstSide(own: readonly Comparison[]): Accuracy | null {
  const chosen = own.flatMap(({ outcome, swapped }) => {
    if (outcome !== 'first' && outcome !== 'second') return [];
    return [(outcome === 'first') === !swapped ? 1 : 0];
  });
  return chosen.length === 0 ? null : accuracy(chosen);
}
