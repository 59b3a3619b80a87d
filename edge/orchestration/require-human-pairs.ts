/** Whether a prompt set has the pairs of people that an experiment asks for: asked before anything is simulated. */
import type { StageRule } from '../../shared/method-stages.ts';
import { fixed } from '../../shared/report/figures.ts';
import { counted } from '../../shared/text/counted.ts';
import { invalidRequest } from '../domain/errors.ts';
import type { Database } from '../store/database.ts';
import { countLabelledRows } from '../store/prompt-sets.ts';
import type { CountedSet, ResolvedStage } from './require-prompts.ts';

/**
 * @throws DomainError `invalid-request` where pairs of people are asked for and the split has none, or fewer than their share
 *   of all pairs that may be simulated: the task would fail behind the simulation
 */
export async function requireHumanPairs(
  database: Database,
  set: CountedSet,
  stages: readonly ResolvedStage[],
): Promise<void> {
  const asking = stages.find(
    ({ rule, parameters }) => rule.humanOnly || (rule.splitWith && parameters[rule.splitWith] !== 0),
  );
  const { split, splitWith, humanOnly, kind } = asking?.rule ?? {};
  if (asking === undefined || split === undefined) return;
  const has = await countLabelledRows(database, set.id, split);
  const share = splitWith === undefined ? 1 : Number(asking.parameters[splitWith]);
  const planned = humanOnly ? 1 : plannedPairs(set.counts, stages, asking.rule);
  const wanted = Math.max(1, Math.round(share * planned));
  if (has >= wanted) return;
  const pointer = humanOnly ? '#/promptSet' : `#/hyperparameters/${kind}/${splitWith}`;
  const lacking = `the split ${split} of ${set.name} has ${has === 0 ? 'no pair' : counted(has, 'pair')} that people labelled`;
  const upload = `upload rows of {chosen, rejected} with their prompts${split === 'train' ? '' : ` in the split ${split}`}`;
  const detail =
    has === 0
      ? `${lacking}; ${upload}${humanOnly ? '' : ', or leave it out'}`
      : `is ${share}, which is ${wanted} of ${counted(planned, 'simulated pair')}, and ${lacking}; ` +
        `give at most ${fixed(Math.floor((100 * has) / planned) / 100, 2)}, or ${upload}`;
  throw invalidRequest([{ in: 'body', pointer, detail }]);
}

/** As many pairs as the simulation that a stage learns from, itself or through its labels, may make. */
function plannedPairs(
  counts: CountedSet['counts'],
  stages: readonly ResolvedStage[],
  { inputs }: StageRule,
): number {
  const source = stages.find(({ rule }) => inputs.some(({ from }) => rule.name === from));
  if (source === undefined) return 0;
  const { split } = source.rule;
  if (split === undefined) return plannedPairs(counts, stages, source.rule);
  const { promptLimit, pairsPerPrompt } = source.parameters;
  const prompts = Math.min(counts[split], typeof promptLimit === 'number' ? promptLimit : Infinity);
  return prompts * (typeof pairsPerPrompt === 'number' ? pairsPerPrompt : 1);
}
