/** Who may be asked, and with which key: the operator's list, and no key in any message. */
import { describe, expect, it } from 'vitest';
import { readConfiguration } from '../../../gpu-runner/runner/configuration.ts';
import { servedHosts } from '../../../gpu-runner/served-model/served-hosts.ts';

const KEY = 'sk-secret-of-the-server';
const caught = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    return `${String(error)} ${error instanceof Error ? error.stack : ''}`;
  }
  throw new Error('nothing was thrown');
};

describe('servers that a runner may ask', () => {
  it('are those of its list, each with its own key and no other', () => {
    const list = 'https://api.example.com=FIRST, http://127.0.0.1:8080,https://other.example.com=SECOND';
    const { endpointOf, concurrency } = servedHosts({ RLCD_SERVED_HOSTS: list, FIRST: KEY, SECOND: 'two' });
    expect(concurrency).toBe(8);
    expect(endpointOf('https://api.example.com/v1').key).toBe(KEY);
    expect(endpointOf('https://other.example.com/openai/v1').key).toBe('two');
    expect(endpointOf('http://127.0.0.1:8080/v1').key).toBeNull();
    for (const url of [
      'https://api.example.com:8443/v1',
      'http://api.example.com/v1',
      'https://api.example.com.evil.org/v1',
      'http://127.0.0.1:8081/v1',
      'http://169.254.169.254/latest',
    ]) {
      expect(() => endpointOf(url), url).toThrow(/may not ask .*RLCD_SERVED_HOSTS/);
    }
    expect(() => servedHosts({}).endpointOf('http://127.0.0.1:8080/v1')).toThrow(/may not ask/);
  });

  it.each([
    ['a line end behind it', `${KEY}\n`],
    ['a line end within', `a\n${KEY}`],
    ['a space', `Bearer ${KEY}`],
    ['another alphabet', `${KEY}é`],
  ])('refuses a key with %s by the name of its variable, without the value', (_, key) => {
    const said = caught(() => servedHosts({ RLCD_SERVED_HOSTS: 'https://a.example=MINE', MINE: key }));
    expect(said).toMatch(
      /ConfigurationError: MINE, the key of https:\/\/a\.example.* needs a key of printable/,
    );
    expect(said).not.toContain(KEY);
    for (const name of ['RLCD_RUNNER_KEY', 'RLCD_JUDGE_KEY'] as const) {
      const good = { RLCD_EDGE_URL: 'http://h', RLCD_RUNNER_KEY: 'k' };
      const read = caught(() => readConfiguration({ ...good, [name]: key }));
      expect(read).toContain(`${name} needs a key of printable characters`);
      expect(read).not.toContain(KEY);
    }
  });

  it('refuses a list that is none, and a key that is not there, by name', () => {
    expect(caught(() => servedHosts({ RLCD_SERVED_HOSTS: 'https://a.example=MINE' }))).toContain(
      'MINE, the key',
    );
    for (const list of [
      'api.example.com',
      'https://a.example/v1',
      'https://u:p@a.example',
      'https://a=b=c',
    ]) {
      expect(
        caught(() => servedHosts({ RLCD_SERVED_HOSTS: list })),
        list,
      ).toContain('RLCD_SERVED_HOSTS needs addresses');
    }
  });
});
