/** `rlcd doctor`: what works on this machine, and what to do about the rest. */
import { styleText } from 'node:util';
import { Option } from '@commander-js/extra-typings';
import { createCommand } from '../../../shared/command-line/command.ts';
import type { Check } from '../../../shared/engine-questions.ts';
import { askEngine } from '../../processes/ask-engine.ts';
import { checkDisk, checkEdge, checkFolder, checkModels, checkNode, checkPort } from './checks.ts';

const USUAL_PORT = 8787;

const COLOURS = { passed: 'green', warning: 'yellow', failed: 'red' } as const;

export const command = createCommand(
  'rlcd doctor',
  'Checks this machine and says what works and what to do about the rest. The exit code is 1 where the main job could ' +
    'not run. Looks at the edge of RLCD_EDGE_URL where it is set.',
)
  .addOption(
    new Option(
      '--device <device>',
      'cuda: what CUDA lacks is a fault; auto: it is told where a driver is there',
    )
      .choices(['auto', 'cuda'] as const)
      .default('auto' as const),
  )
  .option('--json', 'one JSON document', false)
  .action(async ({ device, json }) => {
    const checks = await checkMachine(device);
    const works = checks.every(({ status }) => status !== 'failed');
    if (json) console.log(JSON.stringify({ works, checks }, null, 2));
    else tell(checks, works);
    if (!works) process.exitCode = 1;
  });

async function checkMachine(device: 'auto' | 'cuda'): Promise<Check[]> {
  const { RLCD_DATA: data = '.rlcd', RLCD_CACHE: cache = '.rlcd/runner', RLCD_EDGE_URL: edge } = process.env;
  return [
    checkNode(process.versions.node),
    ...(await checkEngine(device)),
    await checkFolder(data),
    await checkDisk('.'),
    await checkModels(cache),
    await checkPort(USUAL_PORT),
    ...(edge === undefined || edge === '' ? [] : [await checkEdge(edge)]),
  ];
}

/** The engine looks at itself in a process of its own: one that breaks down takes only that along. */
async function checkEngine(device: 'auto' | 'cuda'): Promise<Check[]> {
  try {
    return await askEngine('check', { device });
  } catch (error) {
    const found = `the engine's process broke down: ${(error as Error).message}`;
    return [{ name: 'engine', status: 'failed', found, cure: 'npm ci installs the engine again' }];
  }
}

function tell(checks: readonly Check[], works: boolean): void {
  const width = Math.max(...checks.map(({ name }) => name.length));
  for (const { name, status, found, cure } of checks) {
    console.log(`${styleText(COLOURS[status], status.padEnd(7))}  ${name.padEnd(width)}  ${found}`);
    if (cure !== null) console.log(`${' '.repeat(width + 11)}${cure}`);
  }
  console.log(
    works ? 'npx rlcd demo can run here.' : 'npx rlcd demo cannot run here before what failed is mended.',
  );
}
