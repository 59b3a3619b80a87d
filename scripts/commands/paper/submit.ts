/** The experiments of a comparison: one a method and seed, and an exam of its judges. */
import type { Client } from '../../../shared/api/client.ts';
import type { Hyperparameters } from '../../../shared/api/tasks/kinds.ts';
import { METHOD_STAGES, overSettings, settingsReadBy, type Method } from '../../../shared/method-stages.ts';
import { ensureExperiment } from '../../experiment/experiments.ts';
import { JUDGE_SEED } from '../../experiment/people-judge.ts';
import { humanJudged } from './judged-pairs.ts';
import type { PeoplesJudge } from './people-judge.ts';
import type { Registered } from '../../experiment/register.ts';
import type { PaperSettings } from './settings.ts';

/** Pairs of people that are looked at to tell whether there is an exam: it takes two different prompts. */
const EXAM_ROWS = 200;

/**
 * Holds the judges against people, on pairs that no training has seen: those of people's judge, or where the command names
 * none, the test prompts that people judged.
 *
 * @returns the id of the experiment, or nothing where there are no such pairs
 */
export async function submitExams(
  client: Client,
  settings: PaperSettings,
  { principle, promptSet, baseModel }: Registered,
  people: PeoplesJudge | undefined,
): Promise<string[]> {
  const set = people?.promptSet ?? promptSet.id;
  const { rows } = await humanJudged(client, set, 'test', EXAM_ROWS);
  if (new Set(rows.map(({ prompt }) => prompt)).size < 2) return [];
  const method = 'examine-judges';
  // All that were kept for it; of prompts as many as the API takes.
  const kept = people === undefined ? {} : { examine: { pairLimit: settings.judgePairs.examined } };
  const hyperparameters = overSettings(kept, ofMethod(method, settings));
  const exam = { method, principle, promptSet: set, baseModel, seed: JUDGE_SEED, hyperparameters } as const;
  return [await ensureExperiment(client, exam)];
}

/** Begins every experiment, or finds it. @returns their ids */
export async function submitMethods(
  client: Client,
  settings: PaperSettings,
  seeds: readonly number[],
  { principle, promptSet, baseModel, simulator }: Registered,
): Promise<string[]> {
  const ids: string[] = [];
  for (const seed of seeds) {
    for (const method of settings.methods) {
      ids.push(
        await ensureExperiment(client, {
          method,
          principle,
          promptSet: promptSet.id,
          baseModel,
          ...(simulator !== undefined && simulates(method) ? { simulator } : {}),
          seed,
          hyperparameters: ofMethod(method, settings),
        }),
      );
    }
  }
  return ids;
}

/** Whether a method has a stage that the simulator works on. */
const simulates = (method: Method) => METHOD_STAGES[method].some(({ bySimulator }) => bySimulator);

/** A method takes the settings of its own stages, and what it says over them; the edge refuses others. */
export function ofMethod(
  method: Method,
  { hyperparameters, ofMethod: own = {} }: Pick<PaperSettings, 'hyperparameters' | 'ofMethod'>,
): Hyperparameters {
  const kinds: ReadonlySet<string> = settingsReadBy(METHOD_STAGES[method]);
  const settings = overSettings(hyperparameters, own[method] ?? {});
  return Object.fromEntries(Object.entries(settings).filter(([kind]) => kinds.has(kind)));
}
