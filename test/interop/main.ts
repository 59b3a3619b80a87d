/** `npm run interop`: compares what this project computes with transformers and its kin, family by family. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { createCommand, runCommand } from '../../shared/command-line/command.ts';
import { jsonOption } from '../../scripts/experiment/options.ts';
import { columns } from './columns.ts';
import { compareAnswers } from './answers/compare.ts';
import { answersPass, formatAnswers } from './answers/table.ts';
import { compare } from './compare.ts';
import { compareGguf } from './gguf/compare.ts';
import { defaultCacheFolder, interpreterOf, makeEnvironment } from '../python-environment.ts';
import { startPython } from './python.ts';
import { formatTable, passes } from './table.ts';

const requirements = new URL('python/requirements.txt', import.meta.url);
const llamaCppRequirements = new URL('python/requirements-llama-cpp.txt', import.meta.url);
const FIXTURES = fileURLToPath(new URL('../fixtures/', import.meta.url));

export const command = createCommand(
  'npm run interop --',
  'Has transformers write a small checkpoint of every family, opens it here, and compares what both compute. Makes a ' +
    'virtual environment with pinned versions of the programs that it compares with.',
)
  .option('--environment <folder>', 'a virtual environment that has the packages, instead of making one')
  .option('--cache <folder>', 'where environments are kept', defaultCacheFolder('interop'))
  .option('--checkpoint <name...>', 'which checkpoints; all unless given')
  .option('--folder <path...>', 'Hugging Face folders to compare instead, such as a real model')
  .option(
    '--column <name...>',
    `which columns: ${columns.map(({ name }) => name).join(', ')}; all unless given`,
  )
  .option(
    '--gguf <file>',
    'compares a GGUF file of your own with transformers and llama.cpp, and no checkpoint: ids, logits, greedy answers',
  )
  .option(
    '--answers <path>',
    'a Hugging Face folder or a GGUF file of a chat model, and no checkpoint: 50 answers that it samples with an adapter, ' +
      'their log-probabilities here and in the programs that load what leaves',
  )
  .option('--prepare', 'makes the virtual environment and compares nothing')
  .option('--no-llama-cpp', 'leaves out what needs llama-cpp-python, whose build takes minutes')
  .option(
    '--goldens',
    'writes the fixtures that hold the families where Python is absent, and compares nothing',
  )
  .addOption(jsonOption())
  .action(async (options) => {
    const log = (line: string): void => console.error(line);
    const interpreter =
      options.environment === undefined
        ? await makeInteropEnvironment(options.cache, options.llamaCpp, log)
        : await interpreterOf(options.environment);
    if (options.prepare === true) return;
    if (options.gguf !== undefined) {
      const { figures, passes: equal } = await compareGguf(interpreter, path.resolve(options.gguf));
      console.log(JSON.stringify(figures, null, 1));
      if (!equal) process.exitCode = 1;
      return;
    }
    const scratch = await mkdtemp(path.join(tmpdir(), 'rlcd-interop-'));
    const python = startPython(interpreter);
    try {
      if (options.goldens === true) {
        await python.call('goldens', { folder: path.join(FIXTURES, 'families') });
        await python.call('configurations', { file: path.join(FIXTURES, 'families-configurations.json') });
        return;
      }
      if (options.answers !== undefined) {
        const hasLlamaCpp = options.llamaCpp;
        const location = path.resolve(options.answers);
        const table = await compareAnswers(location, { python: python.call, scratch, log, hasLlamaCpp });
        console.log(options.json ? JSON.stringify(table, null, 2) : formatAnswers(table));
        if (!table.rows.every(answersPass)) process.exitCode = 1;
        return;
      }
      const rows = await compare({
        python: python.call,
        scratch,
        log,
        hasLlamaCpp: options.llamaCpp,
        checkpoints: options.checkpoint ?? [],
        folders: options.folder ?? [],
        columns: options.column ?? [],
      });
      if (options.json) console.log(JSON.stringify(rows, null, 2));
      else console.log(formatTable(rows, columns));
      log('Sampled answers are left out: they need a real chat model, --answers PATH');
      if (!rows.every(({ outcomes }) => Object.values(outcomes).every(passes))) process.exitCode = 1;
    } finally {
      python.close();
      await rm(scratch, { recursive: true, force: true });
    }
  });

/** @param withLlamaCpp builds llama-cpp-python as well */
async function makeInteropEnvironment(
  cache: string,
  withLlamaCpp: boolean,
  log: (line: string) => void,
): Promise<string> {
  log('the environment takes some gigabytes, and some minutes where it is not there yet');
  return await makeEnvironment(cache, [requirements, ...(withLlamaCpp ? [llamaCppRequirements] : [])], log);
}

if (import.meta.main) await runCommand(command);
