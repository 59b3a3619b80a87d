/** The settings of a comparison: the scale's, with what the command line names in their place, and nothing that the edge would refuse. */
import { judgeHyperparameters } from '../../../shared/api/tasks/judge.ts';
import { hyperparameterDefaults } from '../../../shared/api/tasks/kinds.ts';
import { UsageError } from '../../../shared/command-line/usage-error.ts';
import { faultsOfSettings } from '../../../shared/faults-of-settings.ts';
import {
  METHOD_STAGES,
  needsSimulator,
  overSettings,
  weighsContrast,
} from '../../../shared/method-stages.ts';
import type { Materials } from './materials.ts';
import { PAPER_SETTINGS, type PaperOptions, type PaperSettings } from './settings.ts';
import { ofMethod } from './submit.ts';

/** @throws UsageError naming the option, the fault and the cure */
export function settingsOf({
  scale,
  judge,
  judges,
  methods,
  simulator,
  settings: given = {},
}: PaperOptions): PaperSettings {
  const { hyperparameters, ofMethod: own = {}, ...settings } = PAPER_SETTINGS[scale];
  const named = judges === undefined ? given : overSettings(given, { judge: { judges } });
  const compared = methods ?? settings.methods;
  const lacking = simulator === undefined ? compared.find(needsSimulator) : undefined;
  if (lacking !== undefined) {
    throw new UsageError(`--methods has ${lacking}, which learns from a stronger model, and none is named`, {
      cure: 'Name it by --simulator, or leave the method out',
    });
  }
  for (const kind of Object.keys(given)) {
    const isRead = [...compared, 'examine-judges' as const].some((method) =>
      METHOD_STAGES[method].some((rule) => rule.kind === kind),
    );
    if (isRead) continue;
    throw new UsageError(`--settings has ${kind}, and none of ${compared.join(', ')} has such a stage`, {
      cure: 'Leave it out, or name a method that has one',
    });
  }
  const found: PaperSettings = {
    ...settings,
    methods: compared,
    hyperparameters: overSettings(hyperparameters, named),
    // What the command says stands over what a method takes by itself, too.
    ofMethod: Object.fromEntries(
      Object.entries(own).map(([method, its]) => [method, overSettings(its, given)]),
    ),
  };
  if (judge !== undefined) {
    const { judges: all } = withJudge(found, UNTRAINED).hyperparameters.judge ?? {};
    const parsed = judgeHyperparameters.shape.judges.safeParse(all);
    if (!parsed.success) {
      const [issue] = parsed.error.issues;
      throw new UsageError(`--judges with people's judge of --judge: ${issue?.message}`, {
        cure: 'Name fewer, each once',
      });
    }
  }
  return found;
}

/**
 * What the edge would say of a method's experiment, before anything is made.
 *
 * @throws UsageError naming the method, the setting and the cure
 */
export function requireRunnable(settings: PaperSettings, simulator: Materials['simulator']): void {
  const named = simulator && { name: simulator.name, served: 'url' in simulator ? {} : null };
  for (const method of settings.methods) {
    if (named?.served && weighsContrast(method)) {
      throw new UsageError(
        `${method} weighs likelihoods of given texts, which --simulator ${named.name}, served elsewhere, does not tell`,
        { cure: 'Leave the method out of --methods, or name a model that runs here' },
      );
    }
    const [fault] = faultsOfSettings({ method, hyperparameters: ofMethod(method, settings) }, named);
    if (fault === undefined) continue;
    throw new UsageError(`${method} cannot have ${fault.pointer.slice(2)}, which ${fault.detail}`, {
      cure: 'Change --settings, or leave the method out of --methods',
    });
  }
}

/** Stands for people's judge in a plan. */
export const UNTRAINED = '0'.repeat(64);

/** People's judge gives the first verdict. */
export function withJudge(settings: PaperSettings, artifact: string): PaperSettings {
  const { judge = hyperparameterDefaults.judge, ...others } = settings.hyperparameters;
  const judges = [
    { kind: 'preference-model' as const, artifact },
    ...(judge.judges ?? hyperparameterDefaults.judge.judges),
  ];
  return { ...settings, hyperparameters: { ...others, judge: { judges } } };
}
