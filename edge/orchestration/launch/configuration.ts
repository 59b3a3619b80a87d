/** The launcher that a host's environment names: one table that reads the variables, checks them and says the cure. */
import { z } from 'zod';
import { createKubernetesLauncher } from './kubernetes.ts';
import type { Launcher, LaunchPolicy, Send } from './launcher.ts';
import { createWebhookLauncher } from './webhook.ts';
import {
  apiKey,
  ConfigurationError,
  type Environment,
  readVariables,
  signingSecret,
  type Values,
  wholeNumber,
} from '../../../shared/read-variables.ts';

const MINIMUM_SECRET = 32;
const COOL_DOWN_MILLISECONDS = 60_000;

const httpsUrl = z
  .url({ protocol: /^https$/, error: 'needs an https address' })
  .transform((url) => url.replace(/\/+$/, ''));
const resourceName = z
  .string()
  .regex(/^[a-z0-9]([-a-z0-9]{0,50}[a-z0-9])?$/, 'needs 1 to 52 of a-z, 0-9 and hyphens');

export const LAUNCH_VARIABLES = {
  RLCD_LAUNCH_URL: {
    help: 'address that is asked for a runner by a signed POST',
    schema: z.url({ protocol: /^https?$/, error: 'needs an http or https address' }).optional(),
  },
  RLCD_LAUNCH_SECRET: {
    help: 'secret that signs these requests; needed with RLCD_LAUNCH_URL',
    schema: signingSecret(MINIMUM_SECRET).optional(),
  },
  RLCD_KUBERNETES_URL: {
    help: 'address of the API server of the cluster in which Jobs are made',
    schema: httpsUrl.optional(),
  },
  RLCD_KUBERNETES_TOKEN: { help: 'service account for it', schema: apiKey.optional() },
  RLCD_KUBERNETES_CA: {
    help: 'certificate authority of the API server as PEM, where it has one of its own',
    schema: z
      .string()
      .includes('-----BEGIN CERTIFICATE-----', { error: 'needs a certificate as PEM' })
      .optional(),
  },
  RLCD_KUBERNETES_NAMESPACE: {
    help: 'namespace of the Jobs; rlcd unless given',
    schema: resourceName.default('rlcd'),
  },
  RLCD_KUBERNETES_CRON_JOB: {
    help: 'suspended CronJob that is their template; rlcd-runner unless given',
    schema: resourceName.default('rlcd-runner'),
  },
  RLCD_MAXIMUM_RUNNERS: {
    help: 'number of runners alive or starting at the most; 1 unless given',
    schema: wholeNumber(1, 1000).default(1),
  },
  RLCD_RUNNER_START_SECONDS: {
    help: 'time from a launch to its first claim, in which a node, the image and the model come; 900 unless given',
    schema: z.coerce
      .number({ error: 'needs seconds from 10 to 86400' })
      .min(10, 'needs seconds from 10 to 86400')
      .max(86_400, 'needs seconds from 10 to 86400')
      .default(900),
  },
} as const;

type Settings = Values<typeof LAUNCH_VARIABLES>;
export type LaunchEnvironment = Environment<typeof LAUNCH_VARIABLES>;

/** What a host can do that another cannot. */
export interface LaunchTransport {
  /** `fetch` that trusts this certificate authority; absent: the host trusts public ones only. */
  readonly trusting?: (authority: string) => Send;
  /** The token from where it is kept fresh; absent: from RLCD_KUBERNETES_TOKEN. */
  readonly token?: () => Promise<string>;
}

function webhook(url: string, { RLCD_LAUNCH_SECRET: secret }: Settings): Launcher {
  if (secret !== undefined) return createWebhookLauncher({ url, secret });
  throw new ConfigurationError(
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
    throw new ConfigurationError(
      'RLCD_KUBERNETES_TOKEN is not set: RLCD_KUBERNETES_URL needs a service account (deploy/kubernetes/launcher.yaml)',
    );
  }
  if (authority !== undefined && trusting === undefined) {
    throw new ConfigurationError(
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
 * @throws ConfigurationError naming the variable
 */
export function readLaunchPolicy(
  environment: LaunchEnvironment,
  transport: LaunchTransport = {},
): LaunchPolicy | undefined {
  const settings = readVariables(LAUNCH_VARIABLES, environment);
  const { RLCD_LAUNCH_URL: webhookUrl, RLCD_KUBERNETES_URL: clusterUrl } = settings;
  if (webhookUrl !== undefined && clusterUrl !== undefined) {
    throw new ConfigurationError(
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
