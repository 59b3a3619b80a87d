/** `npm run bench -- scorer`: teaches a scorer (simulate, preference model, scorer, each kept by its content), publishes it on the Worker under wrangler's local runtime, and measures it there and against its teacher. */
import { join } from 'node:path';
import { HYPERPARAMETERS } from '../../shared/planner/alignment-settings.ts';
import { describeModel } from '../../gpu-runner/tasks/open-base-model.ts';
import { hyperparameterDefaults, hyperparameters } from '../../shared/api/tasks/kinds.ts';
import { kindStories } from '../../shared/principles/kind-stories/kind-stories.ts';
import { renamed, splitPrompts, stageRunner, Store } from './rlcd/stages.ts';
import { bundleKiB } from './scorer/bundle-size.ts';
import { measureTeacher } from './scorer/teacher-speed.ts';
import { measureWorker } from './scorer/worker-speed.ts';
import { createCommand } from '../../shared/command-line/command.ts';
import { jsonOf } from '../../shared/command-line/values.ts';
import { jsonOption, modelOrBundled, seedOption } from '../../scripts/experiment/options.ts';

export const command = createCommand(
  'npm run bench -- scorer',
  'Teaches a scorer (simulate, preference model, scorer, each kept by its content), publishes it on the ' +
    "Worker under wrangler's local runtime, and measures it there and against its teacher. cpuMsPerText: " +
    'processor time of wrangler and workerd over requests of 64 texts, divided by the texts (Linux alone). ' +
    "p50Ms, p95Ms: from request to answer for one text, HTTP and wrangler's proxy included. coldMs: the first " +
    'score of a new isolate less such a request.',
)
  .addOption(modelOrBundled())
  .option(
    '--set <json>',
    'hyperparameters by stage that replace those of the scale',
    jsonOf(hyperparameters),
    {},
  )
  .addOption(seedOption())
  .option(
    '--cache <folder>',
    'keeps every stage by its content, so that a run with other settings of a later stage begins there',
    '.rlcd/bench',
  )
  .addOption(jsonOption())
  .action(async (values) => {
    const changed = hyperparameters.parse(values.set);
    const { form: promptForm, responseOpening } = kindStories;
    const of = (kind: 'simulate' | 'train-preference-model' | 'train-scorer') => ({
      ...hyperparameterDefaults[kind],
      ...HYPERPARAMETERS.small[kind],
      ...(kind === 'train-scorer' ? { maximumNewTokens: 64, freshPrompts: 1440 } : {}),
      ...changed[kind],
      promptForm,
    });
    const store = new Store(join(values.cache, 'store'));
    const baseModel = await describeModel('base', values.model, values.cache);
    const stage = stageRunner(store, baseModel, values.cache, values.seed);
    const { train: prompts } = await splitPrompts(store, undefined);
    const simulated = await stage(
      'simulate',
      { ...of('simulate'), responseOpening, sides: 'contrast' },
      prompts,
      [],
    );
    const pairs = renamed(simulated.outputs, 'pairs');
    const teacher = await stage('train-preference-model', of('train-preference-model'), null, pairs);
    const scorer = await stage('train-scorer', { ...of('train-scorer'), responseOpening }, prompts, [
      ...teacher.outputs,
      ...pairs,
    ]);
    const file = store.read(scorer.outputs[0]?.sha256 ?? '');
    const preferenceModel = store.read(teacher.outputs[0]?.sha256 ?? '');
    if (file === null || preferenceModel === null) throw new Error('a stage left no output');
    const worker = await measureWorker(file);
    const taught = await measureTeacher(baseModel, values.cache, preferenceModel);
    const document = {
      model: values.model,
      seed: values.seed,
      preferenceModel: teacher.result.heldOut,
      trainSeconds: scorer.seconds,
      scorerBytes: file.length,
      agreement: scorer.result.heldOut.pairs,
      heldOut: scorer.result.heldOut,
      ...worker,
      teacherMsPerText: taught,
      teacherOverScorer: worker.cpuMsPerText === null ? null : taught / worker.cpuMsPerText,
      bundleKiB: bundleKiB(),
    };
    console.log(JSON.stringify(document, null, values.json ? 2 : 0));
  });
