/** The launcher that an environment names, and what is said of an environment that names none rightly. */
import { describe, expect, it } from 'vitest';
import { ConfigurationError } from '../../../../shared/read-variables.ts';
import {
  readLaunchPolicy,
  type LaunchEnvironment,
} from '../../../../edge/orchestration/launch/configuration.ts';

const SECRET = 's'.repeat(32);
const CLUSTER = { RLCD_KUBERNETES_URL: 'https://cluster.test:6443', RLCD_KUBERNETES_TOKEN: 'token' };

describe('the launcher of an environment', () => {
  it('is none where nothing is set', () => {
    expect(readLaunchPolicy({})).toBeUndefined();
    expect(readLaunchPolicy({ RLCD_LAUNCH_URL: '', RLCD_KUBERNETES_URL: '' })).toBeUndefined();
  });

  it('is the one whose address is set, with its limits', () => {
    const webhook = { RLCD_LAUNCH_URL: 'https://launcher.test', RLCD_LAUNCH_SECRET: SECRET };
    expect(readLaunchPolicy(webhook)).toMatchObject({ launcher: { name: 'webhook' }, maximumRunners: 1 });
    const limits = { RLCD_MAXIMUM_RUNNERS: '8', RLCD_RUNNER_START_SECONDS: '120' };
    expect(readLaunchPolicy({ ...CLUSTER, ...limits })).toMatchObject({
      launcher: { name: 'kubernetes-job' },
      maximumRunners: 8,
      startMilliseconds: 120_000,
    });
  });

  it.each<[string, LaunchEnvironment, RegExp]>([
    ['the secret is missing', { RLCD_LAUNCH_URL: 'https://a.test' }, /^RLCD_LAUNCH_SECRET is not set/],
    [
      'the secret is short',
      { RLCD_LAUNCH_URL: 'https://a.test', RLCD_LAUNCH_SECRET: 'short' },
      /^RLCD_LAUNCH_SECRET needs at least 32/,
    ],
    ['the address is none', { RLCD_LAUNCH_URL: 'a.test' }, /^RLCD_LAUNCH_URL needs an http/],
    [
      'the token would travel in the clear',
      { ...CLUSTER, RLCD_KUBERNETES_URL: 'http://a.test' },
      /^RLCD_KUBERNETES_URL needs an https/,
    ],
    ['the token is missing', { RLCD_KUBERNETES_URL: 'https://a.test' }, /^RLCD_KUBERNETES_TOKEN is not set/],
    [
      'a Worker is to trust an authority',
      { ...CLUSTER, RLCD_KUBERNETES_CA: '-----BEGIN CERTIFICATE-----' },
      /^RLCD_KUBERNETES_CA cannot be used by a Worker/,
    ],
    ['the authority is no PEM', { ...CLUSTER, RLCD_KUBERNETES_CA: 'ca.pem' }, /^RLCD_KUBERNETES_CA needs/],
    [
      'the namespace is no name',
      { ...CLUSTER, RLCD_KUBERNETES_NAMESPACE: '../kube-system' },
      /NAMESPACE needs/,
    ],
    [
      'both are set',
      { ...CLUSTER, RLCD_LAUNCH_URL: 'https://a.test', RLCD_LAUNCH_SECRET: SECRET },
      /both set/,
    ],
    ['the limit is no number', { ...CLUSTER, RLCD_MAXIMUM_RUNNERS: 'many' }, /^RLCD_MAXIMUM_RUNNERS needs/],
    ['the limit is none', { ...CLUSTER, RLCD_MAXIMUM_RUNNERS: '0' }, /^RLCD_MAXIMUM_RUNNERS needs/],
    [
      'the start takes no time',
      { ...CLUSTER, RLCD_RUNNER_START_SECONDS: '1' },
      /^RLCD_RUNNER_START_SECONDS needs/,
    ],
  ])('is refused where %s', (_, environment, message) => {
    const read = () => readLaunchPolicy(environment);
    expect(read).toThrow(ConfigurationError);
    expect(read).toThrow(message);
  });
});
