/** `rlcd paper`: every method of the paper on one task, compared in one report. */
import { Option } from '@commander-js/extra-typings';
import { createCommand } from '../../../shared/command-line/command.ts';
import { untilStopped } from '../../../shared/command-line/until-stopped.ts';
import { UsageError } from '../../../shared/command-line/usage-error.ts';
import { jsonOf, namesOf, wholeNumber } from '../../../shared/command-line/values.ts';
import { judgeHyperparameters } from '../../../shared/api/tasks/judge.ts';
import { hyperparameters } from '../../../shared/api/tasks/kinds.ts';
import {
  anyPortOption,
  dataOption,
  jsonOption,
  judgeOption,
  modelOrBundled,
  ownPrompts,
  simulatorOption,
} from '../../experiment/options.ts';
import { runPaper } from './run-paper.ts';
import { COMPARED_METHODS, SCALES } from './settings.ts';

const MAXIMUM_SEEDS = 100;
const OWN_PROMPTS = 'kind-stories';

export const command = createCommand(
  'rlcd paper',
  'RLCD against RLAIF, RLCD-Rescore, context distillation and the base. Starts the edge and one runner on this ' +
    'machine, runs every method with every seed over the public API, compares all systems, and writes one report as ' +
    'JSON, Markdown and HTML. Equal work is done once.',
)
  .requiredOption(
    '--task <name|file>',
    "a preset (kind-stories, harmlessness, helpfulness, outline) or a principle's JSON file",
  )
  .addOption(modelOrBundled())
  .addOption(simulatorOption())
  .addOption(ownPrompts())
  .addOption(
    new Option(
      '--scale <scale>',
      'tiny: a minute, shows that it runs; small: under half an hour on two cores for a model of three million ' +
        'parameters; cpu: a night on two cores for a chat model of 135 million and two seeds; full: the ' +
        "paper's grid {0.001 ... 0.032} x {20, 40, 60, 80}",
    )
      .choices(SCALES)
      .default('small' as const),
  )
  .option(
    '--methods <names>',
    'which methods, with commas between them; those of the scale unless given',
    namesOf(COMPARED_METHODS),
  )
  .option(
    '--settings <json>',
    'settings over those of the scale, by kind of stage as the API takes them: {"ppo": {"steps": [20]}}',
    jsonOf(hyperparameters),
  )
  .addOption(judgeOption())
  .option(
    '--judges <json>',
    'judges instead of the lexicon, as the API takes them: ["sentiment", {"kind": ...}]',
    jsonOf(judgeHyperparameters.shape.judges),
  )
  .option('--seeds <n>', 'seeds 1 to N', wholeNumber(1, MAXIMUM_SEEDS), 3)
  .option('--plan', 'prints what it would cost (tokens, time, memory) and runs nothing', false)
  .addOption(dataOption())
  .option('--report <folder>', 'where the report goes; "report" in the data folder unless given')
  .addOption(anyPortOption())
  .addOption(jsonOption())
  .action(async (options) => {
    const { task, prompts } = options;
    if (task !== OWN_PROMPTS && prompts === undefined) {
      throw new UsageError(`--prompts is missing: the task ${task} brings no prompts, give a file of them`);
    }
    const { stdout: output, stderr: progress } = process;
    await untilStopped((signal) => runPaper({ options, output, progress }, signal));
  });
