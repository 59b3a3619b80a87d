/** The one way of the command lines: what is refused and how, what help looks like, and which exit code tells it. */
import { stripVTControlCharacters } from 'node:util';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { createCommand, parseCommand, runCommand } from '../../../shared/command-line/command.ts';
import { helpSection } from '../../../shared/command-line/help-section.ts';
import { UsageError } from '../../../shared/command-line/usage-error.ts';
import { jsonOf, positiveNumber, wholeNumber } from '../../../shared/command-line/values.ts';
import { UserError } from '../../../shared/user-error.ts';
import { helpOf } from './help-of.ts';

const WORDS =
  'such as one that goes on for so long that no terminal of eighty columns can hold it in one line';

function example(work: () => Promise<void> | void = () => {}) {
  return createCommand('rlcd example', 'An example.')
    .option('--count <n>', `how many, ${WORDS}`, wholeNumber(1, 9), 3)
    .option('--rate <r>', 'how fast', positiveNumber)
    .option('--list <json>', 'what of', jsonOf(z.array(z.string())))
    .addHelpText('after', helpSection('Environment:', { RLCD_EXAMPLE: `a variable, ${WORDS}` }))
    .action(work);
}

afterEach(() => {
  vi.restoreAllMocks();
  process.exitCode = undefined;
});

async function ended(words: readonly string[], work?: () => Promise<void>) {
  const error = vi.spyOn(console, 'error').mockImplementation(() => {});
  await runCommand(example(work), words);
  const told = error.mock.calls.flat().join('\n');
  return { told, exitCode: process.exitCode };
}

describe('a command', () => {
  it('takes typed values, and what it takes by itself', async () => {
    const command = example();
    await parseCommand(command, ['--rate', '1e-3', '--list', '["a"]']);
    expect(command.opts()).toEqual({ count: 3, rate: 1e-3, list: ['a'] });
  });

  it.each([
    [['--count', 'x'], /'--count <n>' argument 'x'.*whole number from 1 to 9/],
    [['--count', '0'], /whole number from 1 to 9/],
    [['--count', '1.5'], /whole number from 1 to 9/],
    [['--count', '9007199254740993'], /whole number/],
    [['--rate', '0'], /'--rate <r>' argument '0'.*above 0/],
    [['--rate', ''], /above 0/],
    [['--list', '['], /'--list <json>'.*Give JSON/],
    [['--list', '[1]'], /'--list <json>'.*expected string/],
    [['--cuont', '2'], /unknown option '--cuont' \(Did you mean --count\?\)/],
    [['--count'], /'--count <n>' argument missing/],
    [['more'], /too many arguments/],
  ])('refuses %j in one line that says where the options are', async (words, fault) => {
    await expect(parseCommand(example(), words)).rejects.toThrow(UsageError);
    const { told, exitCode } = await ended(words);
    expect(told).toMatch(fault);
    expect(told.split('\n').at(-1)).toMatch(/rlcd example --help lists the options\.$/);
    expect(exitCode).toBe(2);
  });

  it('says what a missing option takes', async () => {
    const command = createCommand('rlcd x', '').requiredOption('--prompts <file>', 'one prompt a line');
    await expect(parseCommand(command, [])).rejects.toThrow(
      "required option '--prompts <file>' not specified. --prompts takes one prompt a line; rlcd x --help",
    );
  });

  it('names all that is missing at once, and nothing that is there', async () => {
    const command = createCommand('rlcd x', '')
      .requiredOption('--model <path>', 'a folder')
      .requiredOption('--seed <n>', 'a number')
      .requiredOption('--prompts <file>', 'one prompt a line');
    await expect(parseCommand(command, ['--seed', '1'])).rejects.toThrow(
      "required option '--model <path>' not specified, nor '--prompts <file>'. " +
        '--model takes a folder; --prompts takes one prompt a line; rlcd x --help lists the options.',
    );
  });

  it('tells an option that is mistyped before it tells that it is missing, and does no work', async () => {
    let worked = false;
    const command = createCommand('rlcd x', '')
      .requiredOption('--prompts <file>', 'one prompt a line')
      .action(() => {
        worked = true;
      });
    await expect(parseCommand(command, ['--promtps', 'f'])).rejects.toThrow(/--promtps.*mean --prompts/);
    await expect(parseCommand(command, [])).rejects.toThrow(/'--prompts <file>' not specified/);
    expect(worked).toBe(false);
  });

  it('helps without doing its work', async () => {
    const write = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
    let worked = false;
    const { told, exitCode } = await ended(['--help'], async () => {
      worked = true;
    });
    expect(worked).toBe(false);
    expect(told).toBe('');
    expect(exitCode).toBeUndefined();
    expect(write.mock.calls.flat().join('')).toContain('Usage: rlcd example [options]');
  });

  it('tells what a person can mend in one line, and a fault of the program with its stack', async () => {
    const mendable = await ended([], async () => {
      throw new UserError('the file is damaged', { cure: 'Give another' });
    });
    expect(mendable).toEqual({ told: 'the file is damaged. Give another.', exitCode: 1 });
    vi.restoreAllMocks();
    const fault = await ended([], async () => {
      throw new TypeError('x is undefined');
    });
    expect(fault.told).toMatch(/TypeError: x is undefined\n +at /);
    expect(fault.exitCode).toBe(1);
  });
});

describe('help', () => {
  it.each([50, 80, 120])('stays within %d columns', (width) => {
    const lines = stripVTControlCharacters(helpOf(example(), width)).split('\n');
    expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(width);
    expect(lines.join(' ')).toContain('RLCD_EXAMPLE');
  });

  it('holds no escape code where it does not go to a terminal', () => {
    vi.stubEnv('NO_COLOR', '1');
    vi.stubEnv('FORCE_COLOR', undefined);
    const help = helpOf(example());
    vi.unstubAllEnvs();
    expect(help).toContain('Usage: rlcd example');
    expect(stripVTControlCharacters(help)).toBe(help);
  });
});
