/** The look of a form: what was looked at, what follows from it for what the form says now, and what to do next. */
import { useMutation, type UseMutationResult } from '@tanstack/solid-query';
import { batch, createMemo, createSignal, onCleanup, type Accessor } from 'solid-js';
import type { SetStoreFunction } from 'solid-js/store';
import type { FieldError } from '../../../../../shared/api/field-errors.ts';
import { planSettings, type BudgetPlan } from '../../../../../shared/planner/budget-sizes.ts';
import { doubtsOf } from '../../../../../shared/planner/look-verdict.ts';
import { readTimeSpan } from '../../../../../shared/time-span.ts';
import { useSession } from '../../../app/session.ts';
import type { PromptSet } from '../../../app/types.ts';
import {
  BUDGET,
  hyperparametersOf,
  openBudget,
  budgetedMethod,
  unsizedDraft,
  type ExperimentDraft,
} from '../draft.ts';
import { promptSetOf, promptsOf } from '../prompts-of.ts';
import { chooseSizes } from './choose-sizes.ts';
import { canLook, lookedAt, takeLook, type TakenLook } from './take-look.ts';

interface Advice {
  /** What the button says that starts the experiment. */
  readonly submit: string;
  readonly isSecondary: boolean;
  readonly isBlocked: boolean;
}

export interface FormLook {
  /** Another budget, or another longest answer: sizes follow from the look that there is, or there are none. */
  readonly setBudget: (part: Partial<Pick<ExperimentDraft, 'budget' | 'longestAnswer'>>) => void;
  readonly isPossible: Accessor<boolean>;
  readonly taking: UseMutationResult<TakenLook, Error, void>;
  /** Takes the look no further; its task is given up. */
  readonly stop: () => void;
  /** Whether the last one was stopped. */
  readonly isStopped: Accessor<boolean>;
  /** What a look waits for. */
  readonly progress: Accessor<string>;
  /** The last look; undefined before one. */
  readonly taken: Accessor<TakenLook | undefined>;
  /** Whether the form still says what was looked at. */
  readonly isCurrent: Accessor<boolean>;
  /** Whether a fault of the form is that a look is missing, or that the last one found no sizes. */
  readonly answers: (fault: FieldError) => boolean;
  /** Why the budget cannot be kept; none where it can, or none is given. */
  readonly budgetFaults: Accessor<readonly FieldError[]>;
  /** What the run would be and take; undefined without a look at what the form says. */
  readonly plan: Accessor<BudgetPlan | undefined>;
  /** Why it would hardly work, each with its cure. */
  readonly doubts: Accessor<readonly string[]>;
  /** Whether the reader goes on in spite of them. */
  readonly isAccepted: Accessor<boolean>;
  readonly accept: (accepted: boolean) => void;
  readonly advice: Accessor<Advice>;
}

/** As the API takes it, so that progress is weighed by it. */
export function plannedSecondsOf(plan: BudgetPlan | undefined) {
  if (plan === undefined) return {};
  const rounded = Object.entries(plan.stages).map(([name, seconds]) => [name, Number(seconds.toFixed(1))]);
  return { plannedSeconds: Object.fromEntries(rounded) as Record<string, number> };
}

export function useLook(
  draft: ExperimentDraft,
  setDraft: SetStoreFunction<ExperimentDraft>,
  promptSets: Accessor<readonly PromptSet[]>,
): FormLook {
  const { client } = useSession();
  const [progress, setProgress] = createSignal('');
  const [budgetFault, setBudgetFault] = createSignal<string>();
  const [isAccepted, setAccepted] = createSignal(false);
  /** Of the look that is taken now. */
  let ending = new AbortController();
  const [isStopped, setStopped] = createSignal(false);
  onCleanup(() => ending.abort());
  const taking = useMutation(() => ({
    async mutationFn() {
      setAccepted(false);
      setBudgetFault();
      setStopped(false);
      ending = new AbortController();
      const set = promptSetOf(draft, promptSets());
      if (!set) throw new Error(`there is no prompt set ${draft.promptSet}`);
      return await takeLook(client, { ...draft, ...unsizedDraft(draft) }, set, setProgress, ending.signal);
    },
    onSuccess: size,
  }));

  /** Puts the sizes into the form that its budget allows. */
  function size(look: TakenLook): void {
    setBudgetFault();
    const { budget, hyperparameters, sizedFor, unsized } = draft;
    const seconds = readTimeSpan(budget);
    const method = budgetedMethod(draft);
    if (seconds === undefined || method === undefined) return;
    const sizes = chooseSizes(seconds, look, method);
    if ('fault' in sizes) setBudgetFault(sizes.fault);
    else {
      setDraft({
        hyperparameters: JSON.stringify(sizes.hyperparameters, null, 2),
        sizedFor: budget,
        unsized: sizedFor === '' ? hyperparameters : unsized,
      });
    }
  }

  const isPossible = () => canLook(draft);
  const taken = () => taking.data;
  const isCurrent = createMemo(() => {
    const look = taken();
    return look?.of === lookedAt(draft, look?.sizing.form ?? 'dialogue');
  });
  const budgetFaults = () => {
    const detail = budgetFault();
    return detail === undefined || !isCurrent() ? [] : [{ in: 'body' as const, pointer: BUDGET, detail }];
  };
  const plan = createMemo(() => {
    const look = taken();
    if (!look || !isCurrent() || openBudget(draft) !== undefined) return undefined;
    return planSettings(hyperparametersOf(draft), look.sizing, draft.method);
  });
  const doubts = () => {
    const look = taken();
    const { comparisons } = promptsOf(draft, promptSets());
    return look
      ? doubtsOf(look.result.contrast, comparisons).map(({ fault, cure }) => `${fault}. ${cure}.`)
      : [];
  };
  const advice = (): Advice => {
    if (!isPossible()) return { submit: 'Start the experiment', isSecondary: false, isBlocked: false };
    if (!isCurrent())
      return { submit: 'Start without a look', isSecondary: true, isBlocked: taking.isPending };
    const isDoubted = doubts().length > 0;
    return {
      submit: isDoubted ? 'Start all the same' : 'Start the experiment',
      isSecondary: isDoubted,
      isBlocked: taking.isPending || (isDoubted && !isAccepted()),
    };
  };
  return {
    setBudget(part) {
      batch(() => {
        setBudgetFault();
        setDraft({ ...unsizedDraft(draft), ...part });
      });
      const look = taken();
      if (look && isCurrent()) size(look);
    },
    isPossible,
    taking,
    stop() {
      setStopped(true);
      ending.abort();
    },
    isStopped,
    progress,
    taken,
    isCurrent,
    answers: ({ pointer }) => pointer === BUDGET && readTimeSpan(draft.budget) !== undefined,
    budgetFaults,
    plan,
    doubts,
    isAccepted,
    accept: setAccepted,
    advice,
  };
}
