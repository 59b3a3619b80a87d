/** An experiment while it is made: all that is typed or chosen, and the request that it becomes. */
import { ALIGNING_METHODS, type AligningMethod } from '../../../../shared/method-stages.ts';
import type { z } from 'zod';
import type { experimentEndpoints } from '../../../../shared/api/experiments.ts';
import type { FieldError } from '../../../../shared/api/field-errors.ts';
import { hyperparameters, type Hyperparameters } from '../../../../shared/api/tasks/kinds.ts';
import { lookHyperparameters } from '../../../../shared/api/tasks/look.ts';
import { readTimeSpan, TIME_SPAN_CURE } from '../../../../shared/time-span.ts';
import type { ExperimentDetail } from '../../app/types.ts';
import { readJson } from '../../form/read-json.ts';
import { asNumber, asText, given } from '../../form/values.ts';
import { requestOf } from '../experiment/request-of.ts';
import type { Parts } from './parts.ts';

type Body = z.input<typeof experimentEndpoints.createExperiment.body>;

/** Empty texts are left out of the request: the API then has its default. */
export interface ExperimentDraft {
  readonly name: string;
  readonly method: Body['method'];
  readonly principle: string;
  /** A number or a label. */
  readonly version: string;
  readonly promptSet: string;
  readonly baseModel: string;
  readonly simulator: string;
  readonly form: string;
  readonly seed: string;
  readonly shards: string;
  readonly scorer: boolean;
  /** JSON. */
  readonly hyperparameters: string;
  /** What the run may take, such as 30m; empty where the hyperparameters say the sizes. */
  readonly budget: string;
  /** Tokens; empty: as many as a budget gives unless told. */
  readonly longestAnswer: string;
  /** The budget that the hyperparameters were chosen for; empty where none was. */
  readonly sizedFor: string;
  /** What the hyperparameters said before a budget chose them. */
  readonly unsized: string;
}

const NO_BUDGET = { budget: '', longestAnswer: '', sizedFor: '', unsized: '' } as const;

/** The newest of everything. */
export function newDraft({ models, principles, promptSets }: Parts): ExperimentDraft {
  const [principle] = principles;
  return {
    name: '',
    method: 'rlcd',
    principle: principle?.name ?? '',
    version: String(principle?.latestVersion ?? ''),
    promptSet: promptSets[0]?.id ?? '',
    baseModel: models.find(({ served }) => !served)?.id ?? '',
    simulator: '',
    form: '',
    seed: '1',
    shards: '',
    scorer: false,
    hyperparameters: '',
    ...NO_BUDGET,
  };
}

/** What another experiment was asked to do. */
export function draftOf(experiment: ExperimentDetail): ExperimentDraft {
  // What is changed is planned anew, by a look.
  const { principle, seed, shards, plannedSeconds: _, ...request } = requestOf(experiment);
  const { method, hyperparameters: given } = madeOf(request);
  return {
    simulator: '',
    form: '',
    scorer: false,
    ...NO_BUDGET,
    ...request,
    method,
    principle: principle.name,
    version: String(principle.version),
    seed: String(seed),
    shards: shards === 1 ? '' : String(shards),
    hyperparameters: Object.keys(given).length === 0 ? '' : JSON.stringify(given, null, 2),
  };
}

/** What a look was taken for is what is made after it. */
function madeOf({ method, hyperparameters: given }: Pick<ExperimentDetail, 'method' | 'hyperparameters'>) {
  if (method !== 'look') return { method, hyperparameters: given };
  return { method: given.look?.method ?? 'rlcd', hyperparameters: {} } as const;
}

const HYPERPARAMETERS = '#/hyperparameters';
/** Of the form alone: the request has sizes. */
export const BUDGET = '#/budget';
export const LONGEST = '#/longestAnswer';

function readHyperparameters({ hyperparameters: text }: ExperimentDraft) {
  return text.trim() === '' ? undefined : readJson(text, HYPERPARAMETERS);
}

export function faultsOfDraft(draft: ExperimentDraft): readonly FieldError[] {
  return [...(readHyperparameters(draft)?.faults ?? []), ...openBudgetFaults(draft)];
}

/** What is no time and no number of tokens, as it is typed. */
export function faultsOfTyped(draft: ExperimentDraft): readonly FieldError[] {
  if (!takesBudget(draft)) return [];
  const { budget, longestAnswer } = draft;
  const isTime = budget === '' || readTimeSpan(budget) !== undefined;
  const tokens = lookHyperparameters.shape.maximumNewTokens.safeParse(asNumber(longestAnswer));
  return [
    ...(isTime ? [] : [{ in: 'body' as const, pointer: BUDGET, detail: TIME_SPAN_CURE }]),
    ...(longestAnswer.trim() === '' || tokens.success
      ? []
      : tokens.error.issues.map(({ message }) => ({
          in: 'body' as const,
          pointer: LONGEST,
          detail: message,
        }))),
  ];
}

/** What goes where no budget has chosen sizes, or no longer: what the hyperparameters said before. */
export function unsizedDraft({ sizedFor, unsized }: ExperimentDraft): Partial<ExperimentDraft> {
  return sizedFor === '' ? {} : { hyperparameters: unsized, sizedFor: '', unsized: '' };
}

/** The method whose sizes a look can choose for a time; undefined for others, and where another model simulates. */
export function budgetedMethod({
  method,
  simulator,
}: Pick<ExperimentDraft, 'method' | 'simulator'>): AligningMethod | undefined {
  return simulator === '' ? ALIGNING_METHODS.find((one) => one === method) : undefined;
}

/** Whether a budget can be given. */
export const takesBudget = (draft: Pick<ExperimentDraft, 'method' | 'simulator'>): boolean =>
  budgetedMethod(draft) !== undefined;

/** The budget that no sizes were chosen for yet; undefined where there is none. */
export function openBudget(draft: ExperimentDraft): string | undefined {
  const { budget, sizedFor } = draft;
  return takesBudget(draft) && budget !== '' && budget !== sizedFor ? budget : undefined;
}

/** A budget that chose nothing would be forgotten without a word. */
function openBudgetFaults(draft: ExperimentDraft): FieldError[] {
  const budget = openBudget(draft);
  if (budget === undefined || readTimeSpan(budget) === undefined) return [];
  const detail = 'is kept by sizes that a look chooses: look first, or leave it empty';
  return [{ in: 'body', pointer: BUDGET, detail }];
}

/** What the hyperparameters say; nothing where they cannot be read. */
export function hyperparametersOf(draft: ExperimentDraft): Hyperparameters {
  return hyperparameters.safeParse(readHyperparameters(draft)?.value ?? {}).data ?? {};
}

/** As the API takes it; what is wrong in it, its contract says. */
export function bodyOf(draft: ExperimentDraft): Body {
  const { principle, version } = draft;
  const read = readHyperparameters(draft);
  return {
    ...given('name', draft.name, asText),
    method: draft.method,
    principle: { name: principle, version: /^\d+$/.test(version) ? Number(version) : version },
    promptSet: draft.promptSet,
    baseModel: draft.baseModel,
    ...given('simulator', draft.simulator, asText),
    ...given('form', draft.form, (text) => text as NonNullable<Body['form']>),
    seed: draft.seed.trim() === '' ? Number.NaN : asNumber(draft.seed),
    ...given('shards', draft.shards, asNumber),
    ...(read && { hyperparameters: read.value as NonNullable<Body['hyperparameters']> }),
    ...(draft.scorer && { scorer: true }),
  };
}
