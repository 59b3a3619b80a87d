/** Whether a prompt set has what the stages of an experiment work on: asked before anything is written or trained. */
import type { NewExperiment } from '../../shared/api/experiments.ts';
import type { FieldError } from '../../shared/api/field-errors.ts';
import type { PromptSetCounts, SplitRuleRecord } from '../../shared/api/prompt-sets.ts';
import { stagesOf, type StageRule } from '../../shared/method-stages.ts';
import { faultsOfPrompts, promptNeeds, type PromptNeed } from '../../shared/planner/prompt-needs.ts';
import { invalidRequest } from '../domain/errors.ts';
import type { Database } from '../store/database.ts';
import { countDifferentPrompts } from '../store/prompt-sets.ts';

export interface ResolvedStage {
  readonly rule: StageRule;
  /** Complete. */
  readonly parameters: Readonly<Record<string, unknown>>;
}

export interface CountedSet {
  readonly id: string;
  readonly name: string;
  readonly splitRule: SplitRuleRecord;
  readonly counts: PromptSetCounts;
}

/**
 * @throws DomainError `invalid-request` naming every split that is too small for a stage, what it has, what the stage needs
 *   and why, and every limit or number of shards that leaves a stage too little of a split
 */
export async function requirePrompts(
  database: Database,
  body: NewExperiment,
  set: CountedSet,
  stages: readonly ResolvedStage[],
): Promise<void> {
  const needs = promptNeeds(followedBy(body) ?? stages.map(({ rule }) => rule));
  const found = new Map<PromptNeed, { readonly all: number; readonly allowed: number }>();
  for (const need of needs) {
    const limit = limitOf(stages.find(({ rule }) => rule.name === need.reader.name));
    const all = await count(database, set, need, null);
    found.set(need, { all, allowed: limit === null ? all : await count(database, set, need, limit) });
  }
  const errors = faultsOfPrompts(needs, {
    name: set.name,
    rule: set.splitRule.rule,
    count: (need) => found.get(need)?.all ?? 0,
    allowed: (need) => found.get(need)?.allowed ?? 0,
  });
  if (errors.length === 0) errors.push(...faultsOfShards(body, set, stages));
  if (errors.length > 0) throw invalidRequest(errors);
}

/** The stages of the method that a look is taken for; undefined where it is none, or none is told. */
function followedBy({ method, hyperparameters }: NewExperiment): readonly StageRule[] | undefined {
  const next = method === 'look' ? (hyperparameters.look?.method ?? undefined) : undefined;
  return next && stagesOf(next);
}

/** How many of a split's first prompts a stage takes; null for all. */
function limitOf(stage: ResolvedStage | undefined): number | null {
  const limit = stage?.parameters['promptLimit'];
  return typeof limit === 'number' ? limit : null;
}

/** Of the first prompts of a split, as a need counts them. The store is asked only for what no upload has counted. */
async function count(
  database: Database,
  { id, counts }: CountedSet,
  { split, reader, least }: PromptNeed,
  first: number | null,
): Promise<number> {
  const labelled = reader.humanOnly ?? false;
  if (!labelled && !least.different) return Math.min(counts[split], first ?? Infinity);
  return await countDifferentPrompts(database, {
    promptSetId: id,
    split,
    first,
    labelled,
    enough: least.prompts,
  });
}

/** Every shard of a stage must have a prompt. */
function faultsOfShards(
  { shards }: NewExperiment,
  { counts }: CountedSet,
  stages: readonly ResolvedStage[],
): FieldError[] {
  const errors = new Map<string, FieldError>();
  for (const stage of stages) {
    const { name, split, sharded } = stage.rule;
    if (split === undefined || !sharded || errors.has(split)) continue;
    const has = Math.min(counts[split], limitOf(stage) ?? Infinity);
    if (has >= shards) continue;
    const detail = `is ${shards}, and ${name} works on ${has} prompts of the split ${split}; use at most as many shards`;
    errors.set(split, { in: 'body', pointer: '#/shards', detail });
  }
  return [...errors.values()];
}
