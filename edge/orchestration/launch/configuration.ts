/** The launcher that a host's environment names: one table that reads the variables, checks them and says the cure. */
import { z } from 'zod';
import { createKubernetesLauncher } from './kubernetes.ts';
import type { Launcher, LaunchPolicy, Send } from './launcher.ts';
import { createWebhookLauncher } from './webhook.ts';
import { UserError } from '../../../shared/user-error.ts';
import { firstIssue } from '../../../shared/first-issue.ts';

/** A variable is missing or wrong, or two of them contradict each other. */
export class LaunchConfigurationError extends UserError {
  override readonly name = 'LaunchConfigurationError';
  override readonly code = 'bad-configuration';
}

const MINIMUM_SECRET = 32;
const COOL_DOWN_MILLISECONDS = 60_000;

const httpsUrl = z
  .url({ protocol: /^https$/, error: 'needs an https address' })
  .transform((url) => url.replace(/\/+$/, ''));
const resourceName = z
  .string()
  .regex(/^[a-z0-9]([-a-z0-9]{0,50}[a-z0-9])?$/, 'needs 1 to 52 of a-z, 0-9 and hyphens');

const VARIABLES = {
  /** Who is asked by a signed POST. */
  RLCD_LAUNCH_URL: z.url({ protocol: /^https?$/, error: 'needs an http or https address' }).optional(),
  RLCD_LAUNCH_SECRET: z
    .string()
    .min(MINIMUM_SECRET, `needs at least ${MINIMUM_SECRET} characters`)
    .optional(),
  /** The API server of the cluster in which Jobs are made. */
  RLCD_KUBERNETES_URL: httpsUrl.optional(),
  RLCD_KUBERNETES_TOKEN: z.string().min(1).optional(),
  /** Its certificate authority as PEM, where it has one of its own. */
  RLCD_KUBERNETES_CA: z
    .string()
    .includes('-----BEGIN CERTIFICATE-----', { error: 'needs a certificate as PEM' })
    .optional(),
  RLCD_KUBERNETES_NAMESPACE: resourceName.default('rlcd'),
  RLCD_KUBERNETES_CRON_JOB: resourceName.default('rlcd-runner'),
  RLCD_MAXIMUM_RUNNERS: z.coerce
    .number({ error: 'needs a whole number from 1 to 1000' })
    .int('needs a whole number from 1 to 1000')
    .min(1, 'needs a whole number from 1 to 1000')
    .max(1000, 'needs a whole number from 1 to 1000')
    .default(1),
  /** From a launch to the runner's first claim: a node, the image and the model have to come. */
  RLCD_RUNNER_START_SECONDS: z.coerce
    .number({ error: 'needs seconds from 10 to 86400' })
    .min(10, 'needs seconds from 10 to 86400')
    .max(86_400, 'needs seconds from 10 to 86400')
    .default(900),
} as const;

type Variables = typeof VARIABLES;
type Settings = { readonly [Name in keyof Variables]: z.output<Variables[Name]> };
export type LaunchEnvironment = { readonly [Name in keyof Variables]?: string | undefined };

/** What a host can do that another cannot. */
export interface LaunchTransport {
  /** `fetch` that trusts this certificate authority; absent: the host trusts public ones only. */
  readonly trusting?: (authority: string) => Send;
  /** The token from where it is kept fresh; absent: from RLCD_KUBERNETES_TOKEN. */
  readonly token?: () => Promise<string>;
}

function readSettings(environment: LaunchEnvironment): Settings {
  const entries = Object.entries(VARIABLES).map(([name, schema]) => {
    const given = environment[name as keyof Variables];
    const parsed = z.safeParse(schema, given === '' ? undefined : given);
    if (parsed.success) return [name, parsed.data];
    throw new LaunchConfigurationError(`${name} ${firstIssue(parsed.error).fault}`);
  });
  return Object.fromEntries(entries) as Settings;
}

function webhook(url: string, { RLCD_LAUNCH_SECRET: secret }: Settings): Launcher {
  if (secret !== undefined) return createWebhookLauncher({ url, secret });
  throw new LaunchConfigurationError(
    `RLCD_LAUNCH_SECRET is not set: RLCD_LAUNCH_URL needs the secret that signs its requests, at least ${MINIMUM_SECRET} characters`,
  );
}

function kubernetes(url: string, settings: Settings, { trusting, token }: LaunchTransport): Launcher {
  const {
    RLCD_KUBERNETES_TOKEN: fixed,
    RLCD_KUBERNETES_CA: authority,
    RLCD_KUBERNETES_NAMESPACE: namespace,
    RLCD_KUBERNETES_CRON_JOB: cronJob,
  } = settings;
  const readToken = token ?? (fixed === undefined ? undefined : async () => fixed);
  if (readToken === undefined) {
    throw new LaunchConfigurationError(
      'RLCD_KUBERNETES_TOKEN is not set: RLCD_KUBERNETES_URL needs a service account (deploy/kubernetes/launcher.yaml)',
    );
  }
  if (authority !== undefined && trusting === undefined) {
    throw new LaunchConfigurationError(
      'RLCD_KUBERNETES_CA cannot be used by a Worker, which trusts public certificate authorities only: ' +
        'give the API server a public certificate, put it behind a Cloudflare Tunnel, or use the webhook',
    );
  }
  return createKubernetesLauncher({
    url,
    namespace,
    cronJob,
    token: readToken,
    ...(authority === undefined || trusting === undefined ? {} : { send: trusting(authority) }),
  });
}

/**
 * @returns undefined where the environment names no launcher: people start runners
 * @throws LaunchConfigurationError naming the variable
 */
export function readLaunchPolicy(
  environment: LaunchEnvironment,
  transport: LaunchTransport = {},
): LaunchPolicy | undefined {
  const settings = readSettings(environment);
  const { RLCD_LAUNCH_URL: webhookUrl, RLCD_KUBERNETES_URL: clusterUrl } = settings;
  if (webhookUrl !== undefined && clusterUrl !== undefined) {
    throw new LaunchConfigurationError(
      'RLCD_LAUNCH_URL and RLCD_KUBERNETES_URL are both set: leave one out, or twice as many runners come',
    );
  }
  const launcher =
    webhookUrl === undefined
      ? clusterUrl === undefined
        ? undefined
        : kubernetes(clusterUrl, settings, transport)
      : webhook(webhookUrl, settings);
  return (
    launcher && {
      launcher,
      maximumRunners: settings.RLCD_MAXIMUM_RUNNERS,
      coolDownMilliseconds: COOL_DOWN_MILLISECONDS,
      startMilliseconds: settings.RLCD_RUNNER_START_SECONDS * 1000,
    }
  );
}
