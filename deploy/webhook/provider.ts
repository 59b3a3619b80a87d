/** What providers share: the runner's environment, and a call over HTTP that says what went wrong. */
import { z } from 'zod';
import { apiKey, httpAddress, type Values } from '../../shared/read-variables.ts';
import { withTimeLimit } from '../../shared/with-time-limit.ts';
import { ProviderBusyError, type Launch } from './receive.ts';

const TIMEOUT_MILLISECONDS = 9000;

export const text = z.string();

/** What every provider hands on to the runner. */
export const RUNNER_VARIABLES = {
  RLCD_EDGE_URL: { help: 'address of the edge, for the runner (required)', schema: httpAddress },
  RLCD_RUNNER_KEY: { help: 'API key with the scope "runner" (required)', schema: apiKey },
  RLCD_IDLE_SECONDS: {
    help: 'time without work after which the runner ends; 600 unless given',
    schema: text.default('600'),
  },
} as const;

/** Of the providers that start containers. */
export const IMAGE_VARIABLES = {
  RLCD_RUNNER_IMAGE: {
    help: "runner's image, such as registry.example/rlcd-runner:0.1.0 (required)",
    schema: text,
  },
} as const;

/** What the started runner is told. */
export function runnerEnvironment(
  variables: Values<typeof RUNNER_VARIABLES>,
  { launchId }: Launch,
): Record<string, string> {
  const { RLCD_EDGE_URL, RLCD_RUNNER_KEY, RLCD_IDLE_SECONDS } = variables;
  return { RLCD_EDGE_URL, RLCD_RUNNER_KEY, RLCD_IDLE_SECONDS, RLCD_LAUNCH_ID: launchId };
}

/**
 * @returns the `id` of what was created
 * @throws ProviderBusyError for 429 and 503; Error for any other refusal, and where no answer comes in time
 */
export async function create(
  url: string,
  token: string,
  document: object,
  milliseconds: number = TIMEOUT_MILLISECONDS,
): Promise<string> {
  const { status, ok, text } = await withTimeLimit(undefined, milliseconds, async (signal) => {
    const response = await fetch(url, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify(document),
      redirect: 'error',
      signal,
    });
    return { status: response.status, ok: response.ok, text: await response.text() };
  });
  if (status === 429 || status === 503) throw new ProviderBusyError(text.slice(0, 300));
  if (!ok) throw new Error(`${status}: ${text.slice(0, 300)}`);
  return (JSON.parse(text) as { id: string }).id;
}
