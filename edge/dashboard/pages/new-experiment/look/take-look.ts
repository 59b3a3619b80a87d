/** A look before the leap, taken by a runner: the settings that it samples with, its task, and what follows from its result. */
import type { Client } from '../../../../../shared/api/client.ts';
import {
  lookHyperparameters,
  lookParameters,
  lookResult,
  type LookResult,
} from '../../../../../shared/api/tasks/look.ts';
import type { Hyperparameters } from '../../../../../shared/api/tasks/kinds.ts';
import { hasContrast } from '../../../../../shared/method-stages.ts';
import { BUDGET_SETTINGS, withLongestAnswer } from '../../../../../shared/planner/alignment-settings.ts';
import type { SizingLook } from '../../../../../shared/planner/budget-sizes.ts';
import { sizingOf } from '../../../../../shared/planner/sizing-look.ts';
import type { PrincipleForm } from '../../../../../shared/principles/principle.ts';
import { settingsOf } from '../../../../../shared/planner/work.ts';
import { inPassing } from '../../../app/in-passing.ts';
import type { PromptSet } from '../../../app/types.ts';
import { bodyOf, hyperparametersOf, openBudget, type ExperimentDraft } from '../draft.ts';

const LOOK = 'look';

export interface TakenLook {
  readonly result: LookResult;
  /** Tokens that an answer might have. */
  readonly longestAnswer: number;
  readonly sizing: SizingLook;
  /** Of what was looked at ({@link lookedAt}). */
  readonly of: string;
}

/** The settings that a run of the draft has: those that a budget's sizes are put into, as long as it has none. */
function settingsOfRun(draft: ExperimentDraft, form: PrincipleForm): Hyperparameters {
  if (openBudget(draft) === undefined) return hyperparametersOf(draft);
  const { longestAnswer } = draft;
  const tokens = longestAnswer.trim() === '' ? undefined : Number(longestAnswer);
  return withLongestAnswer(BUDGET_SETTINGS[form], tokens);
}

/** Whether there are two sides of the model's own to look at. */
export function canLook({ method, simulator }: Pick<ExperimentDraft, 'method' | 'simulator'>): boolean {
  return simulator === '' && hasContrast(method);
}

/** The API refuses a look at prompts that are too few for the run that is to follow. */
function lookedFor({ method }: ExperimentDraft) {
  return method === LOOK ? null : method;
}

/** Everything that decides what a look finds, so that one of other settings is not taken for one of these. */
export function lookedAt(draft: ExperimentDraft, principleForm: PrincipleForm): string {
  const { principle, version, promptSet, baseModel, form, seed } = draft;
  const settings = settingsOf('simulate', settingsOfRun(draft, principleForm));
  const { temperature, topP, maximumNewTokens, bannedTexts } = settings;
  const sampling = { temperature, topP, maximumNewTokens, bannedTexts };
  return JSON.stringify({ principle, version, promptSet, baseModel, form, seed, sampling });
}

/**
 * @param onProgress told what it waits for
 * @throws StageFailedError, ApiError, or the signal's reason
 */
export async function takeLook(
  client: Client,
  draft: ExperimentDraft,
  { counts: prompts }: Pick<PromptSet, 'counts'>,
  onProgress: (text: string) => void,
  signal: AbortSignal,
): Promise<TakenLook> {
  const parameters = { principleName: draft.principle, principleVersion: draft.version };
  const { form } = (await client.getPrincipleVersion({ parameters }, { signal })).definition;
  const settings = settingsOfRun(draft, form);
  const sampling = Object.entries(settings.simulate ?? {}).filter(
    ([name]) => name in lookHyperparameters.shape,
  );
  const { principle, promptSet, baseModel, form: asked, seed } = bodyOf(draft);
  return await inPassing(
    client,
    {
      body: {
        name: `Look at ${draft.principle} ${draft.version}`,
        method: LOOK,
        principle,
        promptSet,
        baseModel,
        ...(asked && { form: asked }),
        seed,
        hyperparameters: { look: { ...Object.fromEntries(sampling), method: lookedFor(draft) } },
      },
      stage: LOOK,
      read({ stages, results }) {
        const result = lookResult.parse(results[LOOK]?.[0]);
        const stage = stages.find(({ name }) => name === LOOK);
        const { maximumNewTokens: longestAnswer } = lookParameters.parse(stage?.parameters);
        const { contrast, training } = result;
        return {
          result,
          longestAnswer,
          sizing: sizingOf({ contrast, training, own: contrast.rates, prompts, form, longestAnswer }),
          of: lookedAt(draft, form),
        };
      },
    },
    onProgress,
    signal,
  );
}
