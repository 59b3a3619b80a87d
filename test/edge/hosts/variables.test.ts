/** The variables of the hosts: the administrator's key, where they listen, and that `--help` tells all of them. */
import { expect, it } from 'vitest';
import { KEY_VARIABLES, SERVE_VARIABLES } from '../../../edge/hosts/variables.ts';
import { ConfigurationError, explainVariables, readVariables } from '../../../shared/read-variables.ts';

const readKey = (given?: string) => readVariables(KEY_VARIABLES, { RLCD_ADMIN_KEY: given }).RLCD_ADMIN_KEY;

it('takes a long key, none at all, and refuses a weak one with the cure', () => {
  expect(readKey('k'.repeat(32))).toBe('k'.repeat(32));
  expect([readKey(), readKey('')]).toEqual([undefined, undefined]);
  expect(() => readKey('k'.repeat(31))).toThrow(ConfigurationError);
  expect(() => readKey(`${'k'.repeat(32)} `)).toThrow(/openssl rand/);
  expect(() => readKey('a secret word')).not.toThrow(/a secret word/);
});

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
