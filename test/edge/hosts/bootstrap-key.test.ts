/** The administrator's key of the environment. */
import { expect, it } from 'vitest';
import { BootstrapKeyError, readBootstrapKey } from '../../../edge/hosts/bootstrap-key.ts';

it('takes a long key, none at all, and refuses a weak one with the cure', () => {
  expect(readBootstrapKey('k'.repeat(32))).toBe('k'.repeat(32));
  expect([readBootstrapKey(undefined), readBootstrapKey('')]).toEqual([undefined, undefined]);
  expect(() => readBootstrapKey('k'.repeat(31))).toThrow(BootstrapKeyError);
  expect(() => readBootstrapKey(`${'k'.repeat(32)} `)).toThrow(/openssl rand/);
});
