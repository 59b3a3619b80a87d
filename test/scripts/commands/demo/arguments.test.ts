/** The demo's command line: what it takes, and what it refuses by name. */
import { describe, expect, it } from 'vitest';
import { HELP, readArguments } from '../../../../scripts/commands/demo/arguments.ts';
import { UsageError } from '../../../../scripts/usage-error.ts';

describe('npm run demo: options', () => {
  it('runs the bundled model under the Worker unless told otherwise', () => {
    expect(readArguments([])).toEqual({
      host: 'worker',
      scale: 'small',
      seed: 1,
      model: 'bundled',
      prompts: undefined,
      principle: 'kind-stories',
      data: undefined,
      port: 8787,
      exit: false,
      json: false,
    });
  });

  it('reads every option', () => {
    const given =
      '--host node --scale full --seed 7 --model m --prompts p --principle q --data d --port 1 --exit --json';
    expect(readArguments(given.split(' '))).toEqual({
      host: 'node',
      scale: 'full',
      seed: 7,
      model: 'm',
      prompts: 'p',
      principle: 'q',
      data: 'd',
      port: 1,
      exit: true,
      json: true,
    });
  });

  it.each([
    [['--host', 'moon'], /--host moon is unknown: use worker or node/],
    [['--scale', 'huge'], /--scale huge is unknown: use small or full/],
    [['--seed', '-1'], /seed/],
    [['--seed', '1.5'], /--seed 1\.5 must be a whole number from 0/],
    [['--seed', '9007199254740993'], /--seed/],
    [['--port', '70000'], /--port 70000 must be a whole number from 0 to 65535/],
    [['--fast'], /--fast.*--help/s],
    [['now'], /now.*--help/s],
  ])('refuses %j', (given, fault) => {
    const wrong = () => readArguments(given);
    expect(wrong).toThrow(UsageError);
    expect(wrong).toThrow(fault);
  });

  it('helps with every option that it takes', () => {
    expect(readArguments(['--help'])).toBeUndefined();
    for (const option of 'host scale model prompts principle seed data port exit json help'.split(' ')) {
      expect(HELP).toContain(`--${option}`);
    }
  });
});
