/** The runner's environment variables: what is read, what is refused by name, and that --help tells all of them. */
import { describe, expect, it } from 'vitest';
import { command } from '../../../gpu-runner/main.ts';
import { readConfiguration } from '../../../gpu-runner/runner/configuration.ts';
import { ConfigurationError } from '../../../shared/read-variables.ts';
import { helpOf } from '../../shared/command-line/help-of.ts';

const GOOD = { RLCD_EDGE_URL: 'http://127.0.0.1:8787/', RLCD_RUNNER_KEY: 'secret' };

describe('runner configuration', () => {
  it('reads what is given and fills in what may be left out', () => {
    const configuration = readConfiguration({ ...GOOD, RLCD_IDLE_SECONDS: '' });
    expect(configuration).toMatchObject({
      RLCD_EDGE_URL: 'http://127.0.0.1:8787',
      RLCD_RUNNER_KEY: 'secret',
      RLCD_CACHE: '.rlcd/runner',
    });
    expect(configuration.RLCD_RUNNER_NAME).toMatch(/^[A-Za-z0-9._-]+$/);
    expect(configuration.RLCD_IDLE_SECONDS).toBeUndefined();
  });

  it.each([
    ['RLCD_EDGE_URL', undefined, 'is not set'],
    ['RLCD_EDGE_URL', 'ftp://host', 'needs an http or https address'],
    ['RLCD_EDGE_URL', 'nonsense', 'needs an http or https address'],
    ['RLCD_EDGE_URL', 'http://user:secret@host', 'needs an address without a name or password'],
    ['RLCD_RUNNER_KEY', undefined, 'is not set'],
    ['RLCD_RUNNER_NAME', 'two words', 'needs 1 to 100 letters'],
    ['RLCD_IDLE_SECONDS', '-1', 'RLCD_IDLE_SECONDS'],
  ])('names %s when it is %s', (name, value, fault) => {
    const wrong = () => readConfiguration({ ...GOOD, [name]: value });
    expect(wrong).toThrow(ConfigurationError);
    expect(wrong).toThrow(name);
    expect(wrong).toThrow(fault);
    expect(wrong).not.toThrow(/secret@/);
  });

  it('names all that is missing or wrong at once', () => {
    const wrong = () => readConfiguration({ RLCD_IDLE_SECONDS: '-1' });
    expect(wrong).toThrow(/RLCD_EDGE_URL is not set: .*; RLCD_RUNNER_KEY is not set: .*; RLCD_IDLE_SECONDS /);
  });

  it.each(['RLCD_RUNNER_KEY', 'RLCD_JUDGE_KEY', 'HF_TOKEN'])('never shows what %s holds', (name) => {
    const wrong = () => readConfiguration({ ...GOOD, [name]: 'rlcd_a\nSECRET' });
    expect(wrong).toThrow(`${name} needs a`);
    expect(wrong).not.toThrow(/SECRET/);
  });

  it('--help tells every variable that is read', () => {
    const read = new Set<string>();
    const watched = new Proxy<Record<string, string>>(GOOD, {
      get: (target, name: string) => {
        read.add(name);
        return target[name];
      },
    });
    readConfiguration(watched);
    const help = helpOf(command);
    expect(read.size).toBe(help.match(/^  [A-Z]+_[A-Z_]+ /gm)?.length);
    expect(read.size).toBeGreaterThanOrEqual(6);
    for (const name of read) expect(help).toContain(`  ${name} `);
  });
});
