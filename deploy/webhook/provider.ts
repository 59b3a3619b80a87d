/** What providers share: the runner's environment, and a call over HTTP that says what went wrong. */
import { withTimeLimit } from '../../shared/with-time-limit.ts';
import { ProviderBusyError, type Launch } from './receive.ts';

const TIMEOUT_MILLISECONDS = 9000;

export type Variables = Readonly<Record<string, string | undefined>>;

/** A variable that must be set. @throws Error naming it */
export function required(variables: Variables, name: string): string {
  const value = variables[name];
  if (value === undefined || value === '') throw new Error(`${name} is not set: see deploy/README.md`);
  return value;
}

/** What the started runner is told. Ten minutes without work, and it ends. */
export function runnerEnvironment(variables: Variables, { launchId }: Launch): Record<string, string> {
  return {
    RLCD_EDGE_URL: required(variables, 'RLCD_EDGE_URL'),
    RLCD_RUNNER_KEY: required(variables, 'RLCD_RUNNER_KEY'),
    RLCD_IDLE_SECONDS: variables['RLCD_IDLE_SECONDS'] ?? '600',
    RLCD_LAUNCH_ID: launchId,
  };
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
