/** `rlcd endpoint`: one model, and adapters of it, served to clients of the OpenAI API. */
import path from 'node:path';
import { Option } from '@commander-js/extra-typings';
import { createCommand, runCommand } from '../shared/command-line/command.ts';
import { helpSection } from '../shared/command-line/help-section.ts';
import { UsageError } from '../shared/command-line/usage-error.ts';
import { wholeNumber } from '../shared/command-line/values.ts';
import { untilStopped } from '../shared/command-line/until-stopped.ts';
import { apiKey, explainVariables, readVariables } from '../shared/read-variables.ts';
import { CACHE_VARIABLES } from './runner/configuration.ts';
import { chooseDevice, deviceOption } from './runner/device.ts';
import { keyAccess } from './serve/key-access.ts';
import { Sampling } from './serve/sampling.ts';
import type { ServedModel } from './serve/sampling-calls.ts';
import { createServer, listen } from './serve/server.ts';
import { resolvedSource } from './tasks/model-sources.ts';

const VARIABLES = {
  RLCD_ENDPOINT_KEY: {
    help: 'the key that clients send, at least 32 characters, such as of: openssl rand -hex 32 (required)',
    schema: apiKey.min(32, 'needs at least 32 characters').max(500, 'needs at most 500 characters'),
  },
  ...CACHE_VARIABLES,
} as const;

const log = (line: string): void => console.error(`${new Date().toISOString()} ${line}`);

type NamedFile = readonly [name: string, file: string];
const NO_ADAPTERS: readonly NamedFile[] = [];

function readAdapter(text: string, before: readonly NamedFile[]): readonly NamedFile[] {
  const [, name, file] = /^([A-Za-z0-9._-]{1,100})=(.+)$/.exec(text) ?? [];
  if (name === undefined || file === undefined) {
    throw new UsageError(`--adapter ${text} is not NAME=FILE`, {
      cure: 'Give a name of letters, digits, dots and hyphens, and the file, such as kind=adapter.safetensors',
    });
  }
  return [...before, [name, path.resolve(file)]];
}

export const command = createCommand(
  'rlcd endpoint',
  'Serves a model, and adapters of it, to clients of the OpenAI API: /v1/chat/completions by its own chat template, ' +
    '/v1/completions and /v1/models, streamed or whole. Runs until Ctrl-C.',
)
  .option('--model <path|id>', 'a folder, a file, a hub id, or bundled', 'bundled')
  .option('--name <name>', "the model's id for clients; the last part of its path unless given")
  .addOption(
    new Option('--adapter <name=file>', 'an adapter of the model, served as NAME/adapter; may be given again')
      .argParser(readAdapter)
      .default(NO_ADAPTERS, 'none'),
  )
  .option(
    '--identity <sha256>',
    'refuses the model unless it is the one of this identity (see rlcd runner --describe-model)',
  )
  .option('--port <n>', 'any free one unless given', wholeNumber(0, 65_535), 0)
  .option('--address <host>', 'where it listens', '127.0.0.1')
  .addOption(deviceOption())
  .addHelpText('after', helpSection('Environment:', explainVariables(VARIABLES)))
  .action(async ({ model: named, name, identity = null, adapter, port, address, device: wanted }) => {
    const { RLCD_ENDPOINT_KEY: key, RLCD_CACHE: cache } = readVariables(VARIABLES, process.env);
    const { device, reason } = chooseDevice(wanted);
    log(`device ${device}: ${reason}`);
    const source = resolvedSource(named);
    const base: ServedModel = { source, identity, adapterFile: null };
    const models = new Map<string, ServedModel>([
      [name ?? path.basename(source), base],
      ...adapter.map(([own, file]) => [`${own}/adapter`, { ...base, adapterFile: file }] as const),
    ]);
    const sampling = new Sampling(cache, device);
    try {
      for (const model of models.values()) await sampling.open(model);
      const app = createServer({ sampling, access: keyAccess(key, models), log });
      const server = await listen(app, port, address);
      log(`serves ${[...models.keys()].join(', ')} at http://${address}:${server.port}/v1`);
      await untilStopped(async (signal) => {
        await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
        await server.close();
      });
    } finally {
      await sampling.close();
    }
  });

if (import.meta.main) await runCommand(command);
