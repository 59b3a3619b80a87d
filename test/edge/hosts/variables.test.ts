/** The variables of the hosts: the administrator's key, where they listen, and that `--help` tells all of them. */
import { expect, it } from 'vitest';
import { KEY_VARIABLES } from '../../../edge/hosts/key-variables.ts';
import { SERVE_VARIABLES } from '../../../edge/hosts/variables.ts';
import { ConfigurationError, explainVariables, readVariables } from '../../../shared/read-variables.ts';

const readKey = (given?: string) => readVariables(KEY_VARIABLES, { RLCD_ADMIN_KEY: given }).RLCD_ADMIN_KEY;

/** As `openssl rand -hex` writes them. */
const LONG = '5f0c2b7e91d84a63b0f2e7c9d1a8b6f35f0c2b7e91d84a63b0f2e7c9d1a8b6e4';
const SHORT = '9d1a8b6f35f0c2b7e91d84a63b0f2e7c';

it('takes a long key, none at all, and refuses a weak one with the cure', () => {
  expect([readKey(LONG), readKey(SHORT)]).toEqual([LONG, SHORT]);
  expect([readKey(), readKey('')]).toEqual([undefined, undefined]);
  expect(() => readKey(SHORT.slice(1))).toThrow(ConfigurationError);
  expect(() => readKey(SHORT.slice(1))).toThrow(/openssl rand/);
});

it.each([
  'k'.repeat(64),
  'changeme'.repeat(5),
  '0123456789abcdef'.repeat(2),
  'abab'.repeat(10),
  '12'.repeat(40),
])('refuses the key %s, which can be guessed', (key) => {
  expect(() => readKey(key)).toThrow(/can be guessed.*openssl rand -hex 32/);
  expect(() => readKey(key)).not.toThrow(key);
});

it.each(['x', '10.0.0.0/33', '::1/129', '10.0.0.0/8/8', '10.0.0.0/x', 'proxy.example'])(
  'refuses the proxy %s',
  (given) => {
    expect(() => readVariables(SERVE_VARIABLES, { RLCD_TRUSTED_PROXIES: given })).toThrow(
      'RLCD_TRUSTED_PROXIES needs addresses and ranges with commas',
    );
  },
);

it('fills in what is not set', () => {
  expect(readVariables(SERVE_VARIABLES, { HOST: '' })).toMatchObject({
    HOST: '127.0.0.1',
    PORT: 8787,
    RLCD_RUNNERS: 0,
    RLCD_MAXIMUM_RUNNERS: 1,
  });
  expect(readVariables(SERVE_VARIABLES, { PORT: '0' }).PORT).toBe(0);
});

it.each(['-1', '65536', '1.5', 'seven', '0x10', '1e3', ' '])('refuses PORT %s by name', (given) => {
  expect(() => readVariables(SERVE_VARIABLES, { PORT: given })).toThrow(
    'PORT needs a whole number from 0 to 65535: port at which it listens',
  );
});

it('explains every variable in a line', () => {
  const explained = explainVariables(SERVE_VARIABLES);
  expect(Object.keys(explained)).toEqual(Object.keys(SERVE_VARIABLES));
  for (const help of Object.values(explained)) expect(help).toMatch(/^\S.+$/);
});
