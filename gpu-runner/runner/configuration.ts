/** What a runner is told through environment variables: one table that reads them, checks them and explains them. */
import { hostname } from 'node:os';
import { z } from 'zod';
import { UserError } from '../../shared/user-error.ts';

/** A variable is missing or wrong; the message names it and says what it needs. */
export class ConfigurationError extends UserError {
  override readonly name = 'ConfigurationError';
  override readonly code = 'bad-configuration';
}

const seconds = z.coerce.number().positive().max(86_400);

const VARIABLES = {
  RLCD_EDGE_URL: {
    help: 'address of the edge, such as http://127.0.0.1:8787 (required)',
    schema: z
      .url({ protocol: /^https?$/, error: 'needs an http or https address' })
      .transform((url) => url.replace(/\/+$/, '')),
  },
  RLCD_RUNNER_KEY: {
    help: 'an API key with the scope "runner" (required)',
    schema: z.string().min(1, 'needs an API key'),
  },
  RLCD_RUNNER_NAME: {
    help: "name shown for this runner; the machine's host name unless given",
    schema: z
      .string()
      .regex(/^[A-Za-z0-9._-]{1,100}$/, 'needs 1 to 100 letters, digits, dots, hyphens or underscores')
      .default(() =>
        hostname()
          .replaceAll(/[^A-Za-z0-9._-]/g, '-')
          .slice(0, 100),
      ),
  },
  RLCD_CACHE: {
    help: 'folder for converted models; .rlcd/runner unless given',
    schema: z.string().min(1, 'needs a folder').default('.rlcd/runner'),
  },
  RLCD_IDLE_SECONDS: {
    help: 'ends the runner after so many seconds without work, or without an answer of the edge; runs on unless given',
    schema: seconds.optional(),
  },
  RLCD_JUDGE_URL: {
    help: 'address of an OpenAI-compatible endpoint that judges, up to /v1; experiments may then name its models',
    schema: z.url({ protocol: /^https?$/, error: 'needs an http or https address' }).optional(),
  },
  RLCD_JUDGE_KEY: {
    help: "key of that endpoint; it stays in this runner's memory",
    schema: z.string().optional(),
  },
  RLCD_LAUNCH_ID: {
    help: 'set by what launched this runner, so that the edge knows that it has come',
    schema: z.uuidv7('needs the id of the launch as the edge gave it').optional(),
  },
} as const;

type Variables = typeof VARIABLES;

export type RunnerConfiguration = { readonly [Name in keyof Variables]: z.output<Variables[Name]['schema']> };

/**
 * Reads the variables.
 *
 * @throws ConfigurationError naming the first wrong one, or one that begins with RLCD_ and looks like a slip
 */
export function readConfiguration(
  environment: Readonly<Record<string, string | undefined>>,
): RunnerConfiguration {
  const entries = Object.entries(VARIABLES).map(([name, { help, schema }]) => {
    const given = environment[name];
    const parsed = z.safeParse(schema, given === '' ? undefined : given);
    if (!parsed.success) {
      const fault =
        given === undefined || given === '' ? 'is not set' : (parsed.error.issues[0]?.message ?? 'is wrong');
      throw new ConfigurationError(`${name} ${fault}: it is the ${help}`);
    }
    return [name, parsed.data];
  });
  return Object.fromEntries(entries) as RunnerConfiguration;
}

/** Every variable with what it is for. */
export const VARIABLES_HELP: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(VARIABLES).map(([name, { help }]) => [name, help]),
);
