/** Makes an experiment: checks everything it names, then gives the writes that create and plan it, as one batch. */
import type { NewExperiment } from '../../shared/api/experiments.ts';
import { RUNNER_TASK_KINDS } from '../../shared/api/tasks/kinds.ts';
import type { Dependencies } from '../dependencies.ts';
import { fromIssues, invalidRequest, ProblemError, type FieldError } from '../problem.ts';
import type { Statement } from '../store/database.ts';
import { logExperimentEvent, type StagePlan } from '../store/experiments.ts';
import { createIdentifier } from '../store/identifier.ts';
import { findPrinciple, findVersion } from '../store/principles.ts';
import { materialiseSplit } from '../store/prompt-splits.ts';
import { resolveBaseModel, resolvePromptSet } from '../store/references.ts';
import { experiments, stages } from '../store/schema/index.ts';
import { planExperiment } from './advance.ts';
import { METHOD_STAGES, type StageRule } from './methods.ts';
import { resolveParameters } from './parameters.ts';
import type { ExperimentState, StageState } from './plan.ts';
import type { TaskPrinciple } from './task-key.ts';

function fault(pointer: string, detail: string): FieldError {
  return { in: 'body', pointer, detail };
}

/** What the body names, or every reason why it cannot be used. */
async function resolve({ database }: Dependencies, body: NewExperiment) {
  const errors: FieldError[] = [];
  const principleRow = await findPrinciple(database, body.principle.name);
  const version =
    principleRow && (await findVersion(database, principleRow.id, String(body.principle.version)));
  if (!principleRow) {
    errors.push(fault('#/principle/name', `there is no principle ${body.principle.name}; create it first`));
  } else if (!version) {
    errors.push(
      fault(
        '#/principle/version',
        `${body.principle.name} has no version ${body.principle.version}; list its versions`,
      ),
    );
  } else if (version.definition.affixPairs.length === 0) {
    errors.push(fault('#/principle', 'has no affix pairs; add a version with at least one'));
  }
  const promptSet = await resolvePromptSet(database, body.promptSet);
  if (!promptSet) {
    errors.push(fault('#/promptSet', `there is no prompt set ${body.promptSet}; upload it first`));
  } else if (promptSet.readyAt === null) {
    errors.push(
      fault('#/promptSet', `the upload of ${body.promptSet} has not ended; wait for it or upload it again`),
    );
  }
  const baseModel = await resolveBaseModel(database, body.baseModel);
  if (!baseModel) {
    errors.push(fault('#/baseModel', `there is no base model ${body.baseModel}; register it first`));
  }
  const missing = METHOD_STAGES[body.method]
    .map(({ kind }) => kind)
    .filter((kind) => !(RUNNER_TASK_KINDS as readonly string[]).includes(kind));
  if (missing.length > 0) {
    errors.push(
      fault(
        '#/method',
        `needs the stage ${missing[0]}, which this version's runner cannot do; choose another method`,
      ),
    );
  }
  if (errors.length > 0 || !principleRow || !version || !promptSet || !baseModel)
    throw invalidRequest(errors);
  return {
    principleName: principleRow.name,
    version: { ...version, principleId: principleRow.id },
    promptSet,
    baseModel,
  };
}

/** Parameters of every stage; all faults at once. */
function resolveStages(body: NewExperiment, principle: TaskPrinciple) {
  const rules = METHOD_STAGES[body.method];
  const unused = Object.keys(body.hyperparameters).filter(
    (kind) => !rules.some((rule) => rule.kind === kind),
  );
  const errors = unused.map((kind) =>
    fault(`#/hyperparameters/${kind}`, `the method ${body.method} has no stage ${kind}; leave it out`),
  );
  const resolved = rules.map((rule) => ({
    rule,
    parsed: resolveParameters(rule, principle, body.hyperparameters),
  }));
  const issues = resolved.flatMap(({ parsed }) => ('issues' in parsed ? parsed.issues : []));
  if (issues.length > 0) throw fromIssues('json', issues);
  if (errors.length > 0) throw invalidRequest(errors);
  return resolved.flatMap(({ rule, parsed }) => ('parameters' in parsed ? [{ rule, ...parsed }] : []));
}

/** The artifacts of the splits that the stages read. */
async function materialise(
  dependencies: Dependencies,
  body: NewExperiment,
  promptSetId: string,
  rules: readonly StageRule[],
  now: number,
) {
  const splits = new Map<string, Awaited<ReturnType<typeof materialiseSplit>>>();
  const errors: FieldError[] = [];
  const missing = new Set<string>();
  for (const { split, sharded } of rules) {
    if (split === undefined || missing.has(split)) continue;
    try {
      const made = splits.get(split) ?? (await materialiseSplit(dependencies, promptSetId, split, now));
      splits.set(split, made);
      if (sharded && made.rows < body.shards) {
        errors.push(
          fault('#/shards', `the split ${split} has ${made.rows} prompts; use at most as many shards`),
        );
      }
    } catch (error) {
      if (!(error instanceof ProblemError)) throw error;
      missing.add(split);
      errors.push(fault('#/promptSet', error.problem.detail));
    }
  }
  if (errors.length > 0) throw invalidRequest(errors);
  return splits;
}

/**
 * The writes that create an experiment, and its first view.
 *
 * @throws ProblemError 400 naming each field that cannot be used, with the cure; nothing is written then
 */
export async function createExperiment(dependencies: Dependencies, body: NewExperiment, now: number) {
  const { database } = dependencies;
  const { principleName, version, promptSet, baseModel } = await resolve(dependencies, body);
  const { form, responseOpening, affixPairs } = version.definition;
  const principle: TaskPrinciple = {
    name: principleName,
    version: version.number,
    form,
    responseOpening,
    affixPairs: affixPairs.map(({ positive, negative }) => ({ positive, negative })),
  };
  const resolved = resolveStages(body, principle);
  const splits = await materialise(
    dependencies,
    body,
    promptSet.id,
    resolved.map(({ rule }) => rule),
    now,
  );
  const id = createIdentifier(now);
  const plans = resolved.map(({ rule, parameters }) => {
    const split = rule.split === undefined ? undefined : splits.get(rule.split);
    const stagePlan: StagePlan = {
      parameters,
      prompts: split ? { sha256: split.sha256, bytes: split.bytes } : null,
    };
    const state: StageState = {
      id: createIdentifier(now),
      name: rule.name,
      status: 'waiting',
      tasks: [],
      ...stagePlan,
    };
    return { rule, stagePlan, state };
  });
  const { seed, shards, method } = body;
  const experiment: ExperimentState = {
    id,
    method,
    seed,
    shards,
    principle,
    baseModel: {
      name: baseModel.name,
      source: baseModel.source,
      weightsSha256: baseModel.weightsSha256,
      contextLength: baseModel.contextLength,
      configuration: baseModel.configuration,
    },
    stages: plans.map(({ state }) => state),
  };
  const plan = await planExperiment(database, experiment, now);
  const row = {
    id,
    name: body.name ?? `${method} ${principleName}`,
    method,
    principleId: version.principleId,
    principleVersionId: version.id,
    promptSetId: promptSet.id,
    baseModelId: baseModel.id,
    seed,
    shards,
    hyperparameters: body.hyperparameters,
    status: plan.begun ? ('running' as const) : ('queued' as const),
    statusReason: null,
    createdAt: now,
    finishedAt: null,
  };
  const writes: Statement[] = [
    ...[...splits.values()].flatMap(({ writes: made }) => made),
    database.insert(experiments).values(row),
    ...plans.map(({ rule, stagePlan, state }, position) =>
      database.insert(stages).values({
        id: state.id,
        experimentId: id,
        position,
        name: rule.name,
        kind: rule.kind,
        status: 'waiting',
        plan: { ...stagePlan },
      }),
    ),
    logExperimentEvent(database, id, 'experiment-created', { name: row.name, method }, now),
    ...plan.statements,
  ];
  return {
    writes,
    view: {
      ...row,
      ...(plan.succeeded ? { status: 'succeeded' as const, finishedAt: now } : {}),
      principle: { name: principleName, version: version.number },
      promptSet: { id: promptSet.id, name: promptSet.name },
      baseModel: { id: baseModel.id, name: baseModel.name },
      progress: plan.succeeded ? 1 : 0,
    },
  };
}
