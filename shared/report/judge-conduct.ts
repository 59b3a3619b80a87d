/** How judges that compare two texts judged: orders, what could not be read, bias by place, calls and cost. */
import { z } from 'zod';
import { judgement } from '../api/tasks/judge.ts';
import type { JudgeConduct } from './document.ts';
import type { ExperimentEvidence } from './evidence.ts';
import { meanOf } from './match-ups.ts';

const judgeTask = z.object({
  judgements: z.array(
    judgement
      .pick({ judge: true, orders: true, unparsable: true, positionBias: true, calls: true, cost: true })
      .strip(),
  ),
});

/** By system, seeds together; empty for a judge that scores one text at a time. */
export function judgeConduct(experiments: readonly ExperimentEvidence[], judge: string): JudgeConduct[] {
  return [...Map.groupBy(experiments, ({ method }) => method)].flatMap(([system, own]) => {
    const said = own
      .flatMap(({ results }) => results['judge'] ?? [])
      .flatMap((result) => judgeTask.parse(result).judgements)
      .filter((one) => one.judge === judge);
    const orders = said[0]?.orders;
    if (orders === undefined || orders === 'single-text') return [];
    const biases = said.flatMap(({ positionBias }) => positionBias ?? []);
    const complete = biases.length === said.length;
    return [
      {
        system,
        orders,
        unparsable: said.reduce((sum, { unparsable }) => sum + unparsable, 0),
        // Seeds judge equally many prompts, so that the mean over seeds is that over pairs.
        positionBias: complete ? meanOf(biases.map(({ bias }) => bias)) : null,
        consistency: complete ? meanOf(biases.map(({ consistency }) => consistency)) : null,
        calls: total(said.map(({ calls }) => calls)),
        cost: total(said.map(({ cost }) => cost)),
      },
    ];
  });
}

/** The sum; null if one is not known. */
function total(values: readonly (number | null)[]): number | null {
  return values.reduce<number | null>(
    (sum, value) => (sum === null || value === null ? null : sum + value),
    0,
  );
}
