/** `rlcd chat`: talks to a model in the terminal; of an experiment, to the base and the aligned model side by side. */
import { randomBytes, randomInt } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { existsSync } from 'node:fs';
import { InvalidArgumentError } from '@commander-js/extra-typings';
import { createCommand } from '../../../shared/command-line/command.ts';
import { untilStopped } from '../../../shared/command-line/until-stopped.ts';
import { UsageError } from '../../../shared/command-line/usage-error.ts';
import { wholeNumber } from '../../../shared/command-line/values.ts';
import { withEdge } from '../../experiment/open-edge.ts';
import { edgeOption, keptDataOption } from '../../experiment/options.ts';
import { startEndpoint } from '../../processes/endpoint-process.ts';
import { AskError, type Sampling } from './ask.ts';
import { type ChatModel, Conversation, hasTemplate, refusalLine } from './conversation.ts';
import { experimentMaterials, type Materials } from './materials.ts';
import { createScreen } from './screen.ts';

/** A number in a range, both ends included. */
function numberIn(minimum: number, maximum: number) {
  return (text: string): number => {
    const value = text.trim() === '' ? Number.NaN : Number(text);
    if (value >= minimum && value <= maximum) return value;
    throw new InvalidArgumentError(`Give a number from ${minimum} to ${maximum}`);
  };
}

export const command = createCommand(
  'rlcd chat',
  'Talks to the base and to the aligned model of an experiment, side by side, or to any model alone. On a terminal: ' +
    'Ctrl-C ends an answer, /reset forgets what was said, /quit ends. Elsewhere every line of the input is a message.',
)
  .argument('[experiment]', 'its id or its name; the newest that has succeeded unless given')
  .option('--model <path|id>', 'talks to this model alone: a folder, a file, a hub id, or bundled')
  .addOption(keptDataOption())
  .addOption(edgeOption())
  .option(
    '--strength <s>',
    "what the aligned model's change of the base is multiplied by: less than 1 stays nearer to the base; 1 unless given",
    numberIn(0.01, 16),
  )
  .option('--system <text>', 'what the models are told first')
  .option('--temperature <t>', '0: always the likeliest token', numberIn(0, 2), 0.8)
  .option(
    '--top-p <p>',
    'only the likeliest tokens that reach this probability together',
    numberIn(0.01, 1),
    0.95,
  )
  .option('--seed <n>', 'equal seeds give equal answers; a random one unless given', wholeNumber(0, 2 ** 47))
  .option('--max-tokens <n>', 'of an answer; 512 at most unless given', wholeNumber(1, 4096))
  .action(async (experiment, options) => {
    const { model, data, edge, strength } = options;
    if (model !== undefined && (experiment ?? data ?? edge) !== undefined)
      throw new UsageError('--model is for a model alone: leave it out with an experiment, --data or --edge');
    if (model !== undefined && strength !== undefined)
      throw new UsageError('--strength is of an adapter, and --model has none: leave one of the two out');
    const folder = await mkdtemp(join(tmpdir(), 'rlcd-chat-'));
    try {
      await untilStopped(async (stop) => {
        const { materials, cache } =
          model === undefined
            ? await withEdge(options, async ({ client, cache }) => {
                return {
                  materials: await experimentMaterials(client, experiment, folder, strength ?? 1),
                  cache,
                };
              })
            : { materials: aloneMaterials(model), cache: resolve('.rlcd', 'cache') };
        const sampling = {
          temperature: options.temperature,
          top_p: options.topP,
          seed: options.seed ?? randomInt(2 ** 31),
          ...(options.maxTokens === undefined ? {} : { max_tokens: options.maxTokens }),
        };
        // A path that another's edge tells is none that this user named.
        const isOwn = edge === undefined;
        await talk(materials, { folder, cache, isOwn, system: options.system, sampling }, stop);
      });
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

function aloneMaterials(model: string): Materials {
  return { source: existsSync(model) ? resolve(model) : model, name: basename(model) };
}

interface TalkOptions {
  readonly folder: string;
  readonly cache: string;
  readonly isOwn: boolean;
  readonly system: string | undefined;
  readonly sampling: Sampling;
}

/** Serves the models to ourselves alone and talks to them until the input ends. */
async function talk(
  { source, name, identity, adapter }: Materials,
  { folder, cache, isOwn, system, sampling }: TalkOptions,
  stop: AbortSignal,
): Promise<void> {
  const key = randomBytes(32).toString('hex');
  process.stderr.write(`Opening ${name} ...\n`);
  const { url, child } = await startEndpoint({
    model: source,
    isOwn,
    name,
    identity,
    adapters: adapter === undefined ? {} : { [adapter.name]: adapter.file },
    key,
    cache,
    dataFolder: folder,
    signal: stop,
  });
  try {
    const served = { url, key };
    const base: ChatModel = { title: adapter === undefined ? name : 'base', id: name };
    const models =
      adapter === undefined ? [base] : [base, { title: 'aligned', id: `${adapter.name}/adapter` }];
    const screen = createScreen(process.stdout, models.length);
    const takesTurns = await hasTemplate(served, base, stop);
    if (!takesTurns) {
      process.stderr.write(
        'This model has no chat template: it goes on with each text, and remembers none.\n',
      );
      if (system !== undefined) throw new UsageError('--system is for chat models: this one has no template');
    }
    const conversation = new Conversation({
      served,
      models,
      screen,
      system,
      sampling,
      hasTemplate: takesTurns,
    });
    await readAndAnswer(conversation, stop);
  } finally {
    await child.stop();
  }
}

/** Lines of the input, each answered before the next is read. */
async function readAndAnswer(conversation: Conversation, stop: AbortSignal): Promise<void> {
  const isTerminal = process.stdin.isTTY && process.stdout.isTTY;
  const lines = createInterface({
    input: process.stdin,
    ...(isTerminal ? { output: process.stdout, prompt: '> ' } : {}),
  });
  let answering: AbortController | undefined;
  // Ctrl-C ends the answer under way, and the conversation where there is none.
  lines.on('SIGINT', () => (answering === undefined ? lines.close() : answering.abort()));
  stop.addEventListener('abort', () => lines.close(), { once: true });
  if (isTerminal) lines.prompt();
  for await (const line of lines) {
    const message = line.trim();
    if (message === '/quit') break;
    if (message === '/reset') conversation.reset();
    else if (message !== '') {
      answering = new AbortController();
      try {
        await conversation.say(message, AbortSignal.any([stop, answering.signal]));
      } catch (error) {
        if (!(error instanceof AskError)) throw error;
        process.stdout.write(refusalLine(error));
      }
      answering = undefined;
    }
    if (isTerminal) lines.prompt();
  }
  lines.close();
}
