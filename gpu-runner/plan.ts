/** `rlcd plan`: what a job would need of memory, printed before anything is loaded. */
import { readCacheFolder } from './runner/configuration.ts';
import { createCommand, runCommand } from '../shared/command-line/command.ts';
import { UsageError } from '../shared/command-line/usage-error.ts';
import { positiveNumber, wholeNumber } from '../shared/command-line/values.ts';
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
  .option('--batch <n>', 'rows that are sampled together', count, 16)
  .option('--train-batch <n>', 'rows of a training step and policy', count, 16)
  .option('--policies <n>', 'KL coefficients that train side by side', oneOrMore, 1)
  .option('--prompt <n>', 'tokens of the longest prompt', oneOrMore, 128)
  .option('--new <n>', 'tokens of the longest response', count, 128)
  .option('--rank <n>', 'of the adapters', oneOrMore, 8)
  .option('--memory <gigabytes>', "the device's memory; what it has unless given", positiveNumber)
  .action(async (options) => {
    // A plan for CUDA is made on any machine.
    const device = options.device === 'auto' ? chooseDevice('auto').device : options.device;
    const workload: Workload = {
      sampleRows: options.batch,
      trainRows: options.trainBatch,
      trainGroups: 2 * options.policies,
      promptTokens: options.prompt,
      newTokens: options.new,
      rank: options.rank,
    };
    const shape = await shapeOf(options.model);
    const { parts, total } = planMemory(device, shape, workload);
    for (const [name, bytes] of [...Object.entries(parts), ['total', total] as const])
      console.log(`${name.padEnd(14)} ${gigabytes(bytes).padStart(10)}`);
    const limit = options.memory === undefined ? deviceMemoryBytes(device) : options.memory * 1e9;
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
