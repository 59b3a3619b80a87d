/** The command lines of demo and align: what they take, and what they refuse by name. */
import { describe, expect, it } from 'vitest';
import { command as align } from '../../../../scripts/commands/align.ts';
import { command as demo } from '../../../../scripts/commands/demo/command.ts';
import { parseCommand } from '../../../../shared/command-line/command.ts';
import { UsageError } from '../../../../shared/command-line/usage-error.ts';
import { helpOf } from '../../../shared/command-line/help-of.ts';

const OPTIONS =
  'host scale model prompts judge placement principle budget answer-tokens yes seed data port exit json help'.split(
    ' ',
  );

/** Reads the words and does nothing else. */
async function read(command: typeof demo | typeof align, given: readonly string[]) {
  command.action(() => {});
  await parseCommand(command, given);
  return command.opts();
}

describe('rlcd demo: options', () => {
  it('runs the bundled model under the Worker unless told otherwise', async () => {
    expect(await read(demo, [])).toEqual({
      host: 'worker',
      method: 'rlcd',
      scale: 'small',
      seed: 1,
      model: 'bundled',
      principle: 'kind-stories',
      exit: false,
      json: false,
      yes: false,
    });
  });

  it('reads every option', async () => {
    const given =
      '--host node --method rlcd-direct --scale full --seed 7 --model m --prompts p --principle q --data d --port 1 --exit --json';
    expect(await read(demo, given.split(' '))).toEqual({
      host: 'node',
      method: 'rlcd-direct',
      scale: 'full',
      seed: 7,
      model: 'm',
      prompts: 'p',
      principle: 'q',
      data: 'd',
      port: 1,
      exit: true,
      json: true,
      yes: false,
    });
  });

  it.each([
    [['--host', 'moon'], /--host.*'moon'.*worker, node/],
    [['--scale', 'huge'], /--scale.*'huge'.*small, full/],
    [['--placement', 'end'], /--placement.*'end'.*label, system, user, answer/],
    [['--seed', '-1'], /seed/],
    [['--seed', '1.5'], /--seed.*'1\.5'.*whole number from 0/],
    [['--seed', '9007199254740993'], /--seed/],
    [['--port', '70000'], /--port.*'70000'.*whole number from 0 to 65535/],
    [['--fast'], /--fast.*--help/s],
    [['now'], /too many arguments.*--help/s],
  ])('refuses %j', async (given, fault) => {
    await expect(read(demo, given)).rejects.toThrow(UsageError);
    await expect(read(demo, given)).rejects.toThrow(fault);
  });

  it('helps with every option that it takes', () => {
    for (const option of OPTIONS) expect(helpOf(demo)).toContain(`--${option}`);
  });
});

describe('rlcd align: options', () => {
  it('takes what is one’s own, and the rest as the demo does', async () => {
    const options = await read(align, '--model m --principle p.json --prompts p.jsonl'.split(' '));
    expect(options).toMatchObject({ model: 'm', principle: 'p.json', prompts: 'p.jsonl', seed: 1 });
    for (const option of OPTIONS) expect(helpOf(align)).toContain(`--${option}`);
  });

  const own = '--model m --principle p --prompts p';
  it.each([
    ['90s', 90],
    ['30m', 1800],
    ['1.5h', 5400],
  ])('reads a budget of %s', async (budget, seconds) => {
    expect(await read(align, `${own} --budget ${budget}`.split(' '))).toMatchObject({ budget: seconds });
  });
  it.each(['30', '0m', '-5m', 'soon', '1e9m'])('refuses a budget of %s', async (budget) => {
    await expect(read(align, [...own.split(' '), `--budget=${budget}`])).rejects.toThrow(
      /--budget.*30m, 90s/s,
    );
  });

  it.each(['model', 'principle', 'prompts'])('asks for --%s, and says what it is', async (missing) => {
    const given = ['model', 'principle', 'prompts'].filter((name) => name !== missing);
    const reading = read(
      align,
      given.flatMap((name) => [`--${name}`, 'x']),
    );
    await expect(reading).rejects.toThrow(new RegExp(`'--${missing} .*not specified.*--${missing} takes`));
  });
});
