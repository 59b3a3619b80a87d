/** `rlcd plan`: what a job would need of memory, printed before anything is loaded. */
import { Option } from '@commander-js/extra-typings';
import { readCacheFolder } from './runner/configuration.ts';
import { createCommand, runCommand } from '../shared/command-line/command.ts';
import { UsageError } from '../shared/command-line/usage-error.ts';
import { positiveNumber, wholeNumber } from '../shared/command-line/values.ts';
import { alignmentWorkload } from '../shared/planner/alignment-workload.ts';
import { batchSizes } from '../shared/planner/batch-sizes.ts';
import { readingRows } from '../shared/planner/reading-rows.ts';
import { fitMicrobatches } from '../shared/planner/fit-microbatches.ts';
import { HYPERPARAMETERS, SCALES } from '../shared/planner/alignment-settings.ts';
import { gigabytes, planMemory, refusal, type Workload } from '../shared/planner/plan.ts';
import type { Architecture } from './llama/model/architecture.ts';
import { exists } from './files/files.ts';
import { namedShapes } from './llama/model/named-shapes.ts';
import { chooseDevice, deviceOption } from './runner/device.ts';
import { deviceMemoryBytes } from './tasks/memory-check.ts';
import { openBaseModel } from './tasks/open-base-model.ts';

const count = wholeNumber(0, 1_000_000);
const oneOrMore = wholeNumber(1, 1_000_000);

export const command = createCommand(
  'rlcd plan',
  'What sampling and PPO would need of memory, part by part, and what to change where it does not fit.',
)
  .requiredOption(
    '--model <shape|path|id>',
    `a named shape (${Object.keys(namedShapes).join(', ')}), a folder, a file, a hub id, or bundled`,
  )
  .addOption(deviceOption())
  .addOption(
    new Option('--scale <scale>', 'of rlcd align: its settings count where others are not given')
      .choices(SCALES)
      .default('small' as const),
  )
  .option('--batch <n>', 'rows that are sampled together', count)
  .option(
    '--train-batch <n>',
    'rows of a training step and policy; as align takes them unless given: halved until they fit',
    count,
  )
  .option('--policies <n>', 'KL coefficients that train side by side', oneOrMore)
  .option('--prompt <n>', 'tokens of the longest prompt', oneOrMore)
  .option('--new <n>', 'tokens of the longest response', count)
  .option('--rank <n>', 'of the adapters', oneOrMore)
  .option('--memory <gigabytes>', "the device's memory; what it has unless given", positiveNumber)
  .action(async (options) => {
    // A plan for CUDA is made on any machine.
    const device = options.device === 'auto' ? chooseDevice('auto').device : options.device;
    const shape = await shapeOf(options.model);
    const limit = options.memory === undefined ? deviceMemoryBytes(device) : options.memory * 1e9;
    const settings = fitMicrobatches(HYPERPARAMETERS[options.scale], shape, limit, device);
    const usual = alignmentWorkload(settings, shape);
    const promptTokens = options.prompt ?? usual.promptTokens;
    const newTokens = options.new ?? usual.newTokens;
    const { scoreRows } = batchSizes({ architecture: shape });
    const workload: Workload = {
      sampleRows: options.batch ?? usual.sampleRows,
      trainRows: options.trainBatch ?? usual.trainRows,
      trainGroups: options.policies === undefined ? usual.trainGroups : 2 * options.policies,
      promptTokens,
      newTokens,
      readRows: readingRows(shape, scoreRows, promptTokens + newTokens),
      rank: options.rank ?? usual.rank,
    };
    const { parts, total } = planMemory(device, shape, workload);
    for (const [name, bytes] of [...Object.entries(parts), ['total', total] as const])
      console.log(`${name.padEnd(14)} ${gigabytes(bytes).padStart(10)}`);
    if (limit === null) console.log('give --memory GB to hear whether it fits');
    else console.log(refusal(device, shape, workload, limit) ?? `fits into ${gigabytes(limit)}`);
  });

async function shapeOf(model: string): Promise<Architecture> {
  const named = Object.entries(namedShapes).find(([name]) => name === model);
  if (named !== undefined) return named[1];
  if (model !== 'bundled' && !model.includes('/') && !(await exists(model))) {
    const shapes = Object.keys(namedShapes).join(', ');
    throw new UsageError(
      `--model ${model} is no named shape (${shapes}), no path that exists and no hub id such as owner/name`,
    );
  }
  return (await openBaseModel(model, readCacheFolder(process.env))).architecture;
}

if (import.meta.main) await runCommand(command);
