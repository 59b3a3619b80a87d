/** Makes an experiment: checks everything it names, then gives the writes that create and plan it, as one batch. */
import type { NewExperiment } from '../../shared/api/experiments.ts';
import type { Creator } from '../../shared/api/fields.ts';
import type { Split } from '../../shared/api/words.ts';
import type { FieldError } from '../../shared/api/field-errors.ts';
import { fromIssues, invalidRequest } from '../domain/errors.ts';
import { findArtifact } from '../store/artifacts.ts';
import type { Statement, Store } from '../store/database.ts';
import { insertExperiment, logExperimentEvent } from '../store/experiments.ts';
import { createIdentifier } from '../store/identifier.ts';
import { findPrinciple, findVersion } from '../store/principles.ts';
import { materialiseSplit } from '../store/prompt-splits.ts';
import { resolveBaseModel, resolvePromptSet } from '../store/references.ts';
import { faultsOfSettings } from '../../shared/faults-of-settings.ts';
import { planExperiment } from './advance.ts';
import { requireHumanPairs } from './require-human-pairs.ts';
import { requirePrompts } from './require-prompts.ts';
import { taskModelOf } from '../domain/base-model.ts';
import {
  METHOD_STAGES,
  needsSimulator,
  settingsReadBy,
  stagesOf,
  weighsContrast,
  type StageRule,
} from '../../shared/method-stages.ts';
import { stageWeights } from '../../shared/planner/stage-weights.ts';
import { resolveParameters, type JudgeModels, type ParametersPrinciple } from '../domain/parameters.ts';
import { faultOfForm } from '../../shared/dialogue/prompt-form-of.ts';
import type { ExperimentState, StagePlan, StageState } from '../domain/experiment.ts';
import type { TaskPrinciple } from '../domain/task-key.ts';

function fault(pointer: string, detail: string): FieldError {
  return { in: 'body', pointer, detail };
}

/** What the body names, or every reason why it cannot be used. */
async function resolve({ database }: Store, body: NewExperiment) {
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
  } else if (promptSet.counts === null) {
    errors.push(
      fault('#/promptSet', `the upload of ${body.promptSet} has not ended; wait for it or upload it again`),
    );
  }
  const baseModel = await resolveBaseModel(database, body.baseModel);
  if (!baseModel) {
    errors.push(fault('#/baseModel', `there is no base model ${body.baseModel}; register it first`));
  } else if (baseModel.served) {
    errors.push(
      fault(
        '#/baseModel',
        `${baseModel.name} is served elsewhere, and only weights that a runner opens can be aligned; name it as simulator`,
      ),
    );
  }
  const simulator = body.simulator === undefined ? null : await resolveBaseModel(database, body.simulator);
  const simulatorFault =
    simulator === null
      ? faultWithoutSimulator(body)
      : faultOfSimulator(body, simulator, baseModel, version?.definition.responseOpening ?? '');
  if (simulatorFault !== null) errors.push(fault('#/simulator', simulatorFault));
  for (const model of [baseModel, simulator]) {
    const formFault = version && model ? faultOfForm(version.definition.form, model, body.form) : null;
    if (formFault !== null) errors.push(fault(body.form === undefined ? '#/simulator' : '#/form', formFault));
  }
  const asks = METHOD_STAGES[body.method].some((rule) => rule.principle === 'instructions');
  const unasked = version?.definition.affixPairs.findIndex(({ scoringInstruction }) => !scoringInstruction);
  if (asks && unasked !== undefined && unasked >= 0) {
    errors.push(
      fault(
        '#/principle',
        `affix pair ${unasked} has no scoringInstruction, which ${body.method} asks the model; add a version with one for each`,
      ),
    );
  }
  errors.push(...faultsOfSettings(body, simulator));
  const counts = promptSet?.counts;
  if (errors.length > 0 || !principleRow || !version || !counts || !baseModel || simulator === undefined)
    throw invalidRequest(errors);
  return {
    principleName: principleRow.name,
    version: { ...version, principleId: principleRow.id },
    promptSet: { ...promptSet, counts },
    baseModel,
    simulator,
  };
}

/** Why the experiment needs another model to simulate; null where it does not. */
function faultWithoutSimulator({ method, baseModel }: NewExperiment): string | null {
  if (!needsSimulator(method)) return null;
  return `is missing: ${method} learns what a stronger model's answers are better in; name one beside ${baseModel}`;
}

/** Why a model cannot simulate for the experiment; null where it can. */
function faultOfSimulator(
  { method, simulator }: NewExperiment,
  model: Awaited<ReturnType<typeof resolveBaseModel>>,
  aligned: Awaited<ReturnType<typeof resolveBaseModel>>,
  responseOpening: string,
): string | null {
  if (!model) return `there is no base model ${simulator}; register it first`;
  if (!METHOD_STAGES[method].some(({ bySimulator }) => bySimulator)) {
    return `the method ${method} simulates nothing; leave it out`;
  }
  if (needsSimulator(method) && model.id === aligned?.id) {
    return `${model.name} is the model that is aligned, and ${method} learns what a stronger one is better in; name another`;
  }
  if (model.served && weighsContrast(method)) {
    return `${model.name}, which is served elsewhere, tells no likelihoods of given texts, which ${method} weighs; name another`;
  }
  if (model.served?.protocol === 'chat' && responseOpening !== '') {
    return (
      `${model.name} is asked by chat messages alone, and nobody can begin its answers (responseOpening); register it with ` +
      'the protocol completions where its server has that, or add a version of the principle without an opening'
    );
  }
  return null;
}

/** The preference models that the experiment's judges are. */
async function findJudgeModels({ database }: Store, body: NewExperiment): Promise<JudgeModels> {
  const found = new Map<string, number>();
  const errors: FieldError[] = [];
  for (const [index, judge] of (body.hyperparameters.judge?.judges ?? []).entries()) {
    if (typeof judge === 'string' || judge.kind !== 'preference-model') continue;
    const artifact = await findArtifact(database, judge.artifact);
    if (artifact?.kind === 'preference-model') found.set(judge.artifact, artifact.bytes);
    else {
      const pointer = `#/hyperparameters/judge/judges/${index}/artifact`;
      errors.push(fault(pointer, 'there is no preference model of this SHA-256; train or put it first'));
    }
  }
  if (errors.length > 0) throw invalidRequest(errors);
  return found;
}

/** Parameters of every stage; all faults at once. */
function resolveStages(
  body: NewExperiment,
  principle: ParametersPrinciple,
  { baseModel, simulator }: Pick<ExperimentState, 'baseModel' | 'simulator'>,
  judgeModels: JudgeModels,
) {
  const rules = stagesOf(body.method, body);
  if (body.scorer && !rules.some(({ scorer }) => scorer)) {
    throw invalidRequest([
      fault('#/scorer', `the method ${body.method} has no preference model to teach a scorer; leave it out`),
    ]);
  }
  const read: ReadonlySet<string> = settingsReadBy(rules);
  const unused = Object.keys(body.hyperparameters).filter((kind) => !read.has(kind));
  const unplanned = Object.keys(body.plannedSeconds ?? {}).filter(
    (name) => !rules.some((rule) => rule.name === name),
  );
  const errors = [
    ...unused.map((kind) => `hyperparameters/${kind}`),
    ...unplanned.map((name) => `plannedSeconds/${name}`),
  ].map((place) =>
    fault(`#/${place}`, `the method ${body.method} has no stage ${place.split('/')[1] ?? ''}; leave it out`),
  );
  const resolved = rules.map((rule) => ({
    rule,
    parsed: resolveParameters(
      rule,
      principle,
      { ...(rule.bySimulator ? simulator : baseModel), form: body.form },
      body.hyperparameters,
      judgeModels,
    ),
  }));
  const issues = resolved.flatMap(({ parsed }) => ('issues' in parsed ? parsed.issues : []));
  if (issues.length > 0) throw fromIssues('body', issues);
  if (errors.length > 0) throw invalidRequest(errors);
  return resolved.flatMap(({ rule, parsed }) => ('parameters' in parsed ? [{ rule, ...parsed }] : []));
}

/** The split that a stage with these parameters reads. */
function splitOf(
  { split, splitWith }: StageRule,
  parameters: Readonly<Record<string, unknown>>,
): Split | undefined {
  return splitWith !== undefined && parameters[splitWith] === 0 ? undefined : split;
}

/** The artifacts of the splits that the stages read, each of which has prompts. */
async function materialise(
  store: Store,
  promptSetId: string,
  splitsOfStages: readonly (Split | undefined)[],
  now: number,
) {
  const splits = new Map<Split, Awaited<ReturnType<typeof materialiseSplit>>>();
  for (const split of splitsOfStages) {
    if (split === undefined || splits.has(split)) continue;
    splits.set(split, await materialiseSplit(store, promptSetId, split, now));
  }
  return splits;
}

/**
 * The writes that create an experiment, and its first view.
 *
 * @throws DomainError `invalid-request` naming each field that cannot be used, with the cure; nothing is written then
 */
export async function createExperiment(
  store: Store,
  body: NewExperiment,
  { now, createdBy }: { readonly now: number; readonly createdBy: Creator },
) {
  const { database } = store;
  const { principleName, version, promptSet, baseModel, simulator } = await resolve(store, body);
  const { form, placement, responseOpening, affixPairs } = version.definition;
  const principle: TaskPrinciple = {
    name: principleName,
    version: version.number,
    form,
    responseOpening,
    affixPairs,
  };
  const models = { baseModel: taskModelOf(baseModel), simulator: taskModelOf(simulator ?? baseModel) };
  const resolved = resolveStages(
    body,
    { ...principle, placement },
    models,
    await findJudgeModels(store, body),
  );
  await requireHumanPairs(database, promptSet, resolved);
  await requirePrompts(database, body, promptSet, resolved);
  const splits = await materialise(
    store,
    promptSet.id,
    resolved.map(({ rule, parameters }) => splitOf(rule, parameters)),
    now,
  );
  const id = createIdentifier(now);
  const { counts: prompts } = promptSet;
  const weights = stageWeights({
    method: body.method,
    hyperparameters: body.hyperparameters,
    form,
    prompts,
  });
  const plans = resolved.map(({ rule, parameters }) => {
    const name = splitOf(rule, parameters);
    const split = name === undefined ? undefined : splits.get(name);
    const plannedSeconds = body.plannedSeconds?.[rule.name];
    const weight = weights[rule.name];
    const stagePlan: StagePlan = {
      parameters,
      ...(plannedSeconds !== undefined && { plannedSeconds }),
      ...(weight !== undefined && { weight }),
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
    ...models,
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
    simulatorId: simulator?.id ?? null,
    form: body.form ?? null,
    seed,
    shards,
    hyperparameters: body.hyperparameters,
    status: plan.begun ? ('running' as const) : ('queued' as const),
    statusReason: null,
    createdAt: now,
    createdBy,
    finishedAt: null,
  };
  const writes: Statement[] = [
    ...[...splits.values()].flatMap(({ writes: made }) => made),
    ...insertExperiment(
      database,
      row,
      plans.map(({ rule, stagePlan, state }, position) => ({
        id: state.id,
        experimentId: id,
        position,
        name: rule.name,
        kind: rule.kind,
        status: 'waiting',
        plan: stagePlan,
      })),
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
      simulator: simulator && { id: simulator.id, name: simulator.name },
      progress: plan.succeeded ? 1 : 0,
      verdicts: [],
      runnerSeconds: 0,
    },
  };
}
