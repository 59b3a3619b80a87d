/** `npm run bench -- rlcd`: a whole RLCD alignment without HTTP, stage by stage through the runner's own tasks. */
import { join } from 'node:path';
import { describeModel } from '../../gpu-runner/tasks/open-base-model.ts';
import { scaleOption } from '../../scripts/commands/demo/scale-option.ts';
import { HYPERPARAMETERS } from '../../shared/planner/alignment-settings.ts';
import { hyperparameterDefaults, hyperparameters, type StageKind } from '../../shared/api/tasks/kinds.ts';
import { kindStories } from '../../shared/principles/kind-stories/kind-stories.ts';
import { renamed, splitPrompts, stageRunner, Store } from './rlcd/stages.ts';
import { createCommand } from '../../shared/command-line/command.ts';
import { jsonOf } from '../../shared/command-line/values.ts';
import { jsonOption, modelOrBundled, ownPrompts, seedOption } from '../../scripts/experiment/options.ts';
import { Option } from '@commander-js/extra-typings';

/** Runs the chain and prints what it measured. */
export const command = createCommand(
  'npm run bench -- rlcd',
  "A whole RLCD alignment without HTTP, stage by stage through the runner's own tasks. A run that was " +
    'killed goes on from its last checkpoint.',
)
  .addOption(modelOrBundled())
  .addOption(scaleOption())
  .option(
    '--set <json>',
    'hyperparameters by stage that replace those of the scale',
    jsonOf(hyperparameters),
    {},
  )
  .addOption(seedOption())
  .addOption(ownPrompts())
  .addOption(
    new Option('--until <stage>', 'ends after that stage, and prints how it went').choices([
      'train-preference-model',
    ] as const),
  )
  .option(
    '--cache <folder>',
    'keeps every stage by its content, so that a run with other settings of a later stage begins there',
    '.rlcd/bench',
  )
  .addOption(jsonOption())
  .action(async (values) => {
    const chosen = hyperparameters.parse(HYPERPARAMETERS[values.scale]);
    const changed = hyperparameters.parse(values.set);
    const { form: promptForm, responseOpening } = kindStories;
    const of = <Kind extends StageKind>(kind: Kind) => ({
      ...hyperparameterDefaults[kind],
      ...chosen[kind],
      ...changed[kind],
      promptForm,
    });
    const text = { responseOpening };
    const store = new Store(join(values.cache, 'store'));
    const baseModel = await describeModel('base', values.model, values.cache);
    const stage = stageRunner(store, baseModel, values.cache, values.seed);
    const prompts = await splitPrompts(store, values.prompts);

    const simulated = await stage(
      'simulate',
      { ...of('simulate'), ...text, sides: 'contrast' },
      prompts.train,
      [],
    );
    const pairs = renamed(simulated.outputs, 'pairs');
    const preference = await stage('train-preference-model', of('train-preference-model'), null, pairs);
    if (values.until === 'train-preference-model') {
      const { outputs, result, seconds } = preference;
      console.log(
        JSON.stringify({ seconds, simulated: simulated.result, pairs, outputs, ...result }, null, 2),
      );
      return;
    }
    const ppo = await stage('ppo', { ...of('ppo'), ...text }, prompts.train, preference.outputs);
    const { penaltyWithoutStop } = of('ppo');
    const selectParameters = { ...of('select'), ...text, penaltyWithoutStop };
    const select = await stage('select', selectParameters, prompts.dev, [
      ...preference.outputs,
      ...ppo.outputs,
    ]);
    const generateParameters = { ...of('generate'), ...text };
    const base = await stage('generate', generateParameters, prompts.test, []);
    const aligned = await stage('generate', generateParameters, prompts.test, select.outputs);
    const sides = [...renamed(aligned.outputs, 'completions'), ...renamed(base.outputs, 'base-completions')];
    const judge = await stage('judge', of('judge'), null, sides);
    // Every cell against the base, so that a recipe is seen whole; the method itself chooses by its own reward alone.
    const cells = [];
    for (const { name, sha256 } of ppo.outputs) {
      const completions = await stage('generate', generateParameters, prompts.test, [
        { name: 'adapter', sha256 },
      ]);
      const compared = [
        ...renamed(completions.outputs, 'completions'),
        ...renamed(base.outputs, 'base-completions'),
      ];
      const { judgements } = (await stage('judge', of('judge'), null, compared)).result;
      cells.push({
        name,
        winRate: judgements[0]?.winRate,
        interval: judgements[0]?.interval,
        ratios: judgements[0]?.ratios,
      });
    }
    const document = {
      model: baseModel,
      scale: values.scale,
      seed: values.seed,
      set: changed,
      seconds: {
        simulate: simulated.seconds,
        preference: preference.seconds,
        ppo: ppo.seconds,
        select: select.seconds,
      },
      preferenceModel: preference.result.heldOut,
      ppo: ppo.result.cells,
      select: select.result,
      judge: judge.result.judgements,
      cells,
    };
    console.log(JSON.stringify(document, null, values.json ? 2 : 0));
  });
