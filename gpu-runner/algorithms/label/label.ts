/** Labelling: the model that generated says which response of a pair it prefers (RLAIF, RLCD-Rescore). */
import { z } from 'zod';
import type { TaskParameters, TaskResult } from '../../../shared/api/tasks/kinds.ts';
import { summarise } from '../../../shared/statistics/summary.ts';
import { AlgorithmInputError } from '../algorithm-error.ts';
import { encodeProgress, startOf, workOf } from '../checkpoint.ts';
import type { PreferencePairLine } from '../preference-model/preference-examples.ts';
import type { RunHooks } from '../run-hooks.ts';
import type { PairQuestion, PairVerdict } from './question.ts';

export type LabelSettings = Pick<TaskParameters<'label'>, 'promptForm' | 'orders' | 'examples'> & {
  /** Pairs per engine run, and engine runs between checkpoints; neither changes the result. */
  readonly batchSize: number;
  readonly checkpointEvery: number;
};

export interface LabelOutcome {
  readonly pairs: PreferencePairLine[];
  readonly result: TaskResult<'label'>;
}

const verdict = z.strictObject({
  /** P(the side that simulation put first is better). */
  first: z.number().min(0).max(1),
  /** The same in either order; empty where each response was read alone. */
  byOrder: z.array(z.strictObject({ first: z.number(), shownA: z.number(), mass: z.number() })),
});
const stateSchema: z.ZodType<{ verdicts: (PairVerdict | null)[] }> = z.strictObject({
  verdicts: z.array(verdict.nullable()),
});

/**
 * A soft label for every pair whose question fits the context. `chosen` of the output is the likelier response, so its
 * label probability is at least a half; a pair that came the other way round says `swapped` in its provenance.
 *
 * @param question how a pair is asked about
 * @param resume bytes of an earlier checkpoint of the same input, or null
 * @throws AlgorithmInputError if there is no pair, or the question fits the context for none
 */
export async function label(
  pairs: readonly PreferencePairLine[],
  settings: LabelSettings,
  question: PairQuestion,
  hooks: RunHooks,
  resume: Uint8Array | null,
): Promise<LabelOutcome> {
  if (pairs.length === 0) throw new AlgorithmInputError('there is no pair to label: simulate again');
  const { batchSize, checkpointEvery, ...parameters } = settings;
  const items = pairs.map(({ prompt, chosen, rejected, affixPair }) => [prompt, chosen, rejected, affixPair]);
  const work = workOf('label', 'pairs', items, parameters);
  const { state, step } = await startOf(work, resume, stateSchema, { verdicts: [] });
  const { verdicts } = state;
  for (let run = step; verdicts.length < pairs.length; run++) {
    hooks.signal.throwIfAborted();
    const batch = pairs.slice(verdicts.length, verdicts.length + batchSize);
    verdicts.push(...(await question.ask(batch, hooks.signal)));
    hooks.progress(verdicts.length, pairs.length, 'pairs');
    if ((run + 1) % checkpointEvery === 0 && verdicts.length < pairs.length) {
      await hooks.checkpoint(run + 1, await encodeProgress(work, run + 1, state));
    }
  }
  const labelled = pairs.flatMap((pair, index) => {
    const found = verdicts[index];
    return found === undefined || found === null ? [] : [{ pair, verdict: found }];
  });
  if (labelled.length === 0) {
    throw new AlgorithmInputError(
      `the question about each of the ${pairs.length} pairs is longer than the model's context: use a model with a ` +
        'longer one, shorter prompts, or fewer examples',
    );
  }
  return {
    pairs: labelled.map(({ pair, verdict: { first } }) => oriented(pair, first)),
    result: describe(
      labelled.map((one) => one.verdict),
      pairs.length,
      settings,
    ),
  };
}

/** The pair with the likelier side as `chosen`; of equally likely sides the first stays. */
function oriented(pair: PreferencePairLine, first: number): PreferencePairLine {
  const { chosen, rejected, provenance = {} } = pair;
  if (first >= 0.5)
    return { ...pair, labelProbability: first, provenance: { ...provenance, swapped: false } };
  const sides = { chosen: provenance['rejected'], rejected: provenance['chosen'] };
  return {
    ...pair,
    chosen: rejected,
    rejected: chosen,
    labelProbability: 1 - first,
    provenance: { ...provenance, ...sides, swapped: true },
  };
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

function describe(
  verdicts: readonly PairVerdict[],
  asked: number,
  { promptForm, orders, examples }: LabelSettings,
): TaskResult<'label'> {
  const choice = promptForm !== 'prefix';
  const answers = verdicts.flatMap(({ byOrder }) => byOrder);
  const flips = verdicts.map(({ byOrder: [one, other] }) =>
    one !== undefined && other !== undefined && (one.first - 0.5) * (other.first - 0.5) < 0 ? 1 : 0,
  );
  return {
    pairs: verdicts.length,
    dropped: asked - verdicts.length,
    question: choice ? 'choice' : 'likelihood',
    orders: choice ? orders : null,
    examples: examples.length,
    labelProbability: summarise(verdicts.map(({ first }) => Math.max(first, 1 - first))),
    firstPreferred: mean(verdicts.map(({ first }) => (Math.sign(first - 0.5) + 1) / 2)),
    orderDisagreement: choice && orders === 'both' ? mean(flips) : null,
    positionBias: choice ? mean(answers.map(({ shownA }) => shownA)) - 0.5 : null,
    answerMass: choice ? mean(answers.map(({ mass }) => mass)) : null,
  };
}
