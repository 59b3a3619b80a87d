/** What a runner is told through environment variables: one table that reads them, checks them and explains them. */
import { hostname } from 'node:os';
import { z } from 'zod';
import { servingAddress } from '../../shared/api/completions.ts';
import {
  apiKey,
  type Environment,
  httpAddress,
  readVariables,
  type Values,
  wholeNumber,
} from '../../shared/read-variables.ts';
import { CACHE_LIMIT_VARIABLES } from '../files/model-cache.ts';
import { HUB_VARIABLES } from '../llama/weights/hub-variables.ts';
import { SERVED_VARIABLES } from '../served-model/served-hosts.ts';
import { MODEL_SOURCE_VARIABLES } from '../tasks/model-sources.ts';
import { JUDGE_VARIABLES } from '../tasks/judges/chat-endpoint.ts';

const seconds = z.coerce.number().positive().max(86_400);

export const CACHE_VARIABLES = {
  RLCD_CACHE: {
    help: 'folder for converted models; .rlcd/runner unless given',
    schema: z.string().min(1, 'needs a folder').default('.rlcd/runner'),
  },
} as const;

export const RUNNER_VARIABLES = {
  RLCD_EDGE_URL: {
    help: 'address of the edge, such as http://127.0.0.1:8787 (required)',
    schema: httpAddress,
  },
  RLCD_RUNNER_KEY: {
    help: 'an API key with the scope "runner" (required)',
    schema: apiKey,
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
  ...CACHE_VARIABLES,
  ...CACHE_LIMIT_VARIABLES,
  RLCD_IDLE_SECONDS: {
    help: 'ends the runner after so many seconds without work, or without an answer of the edge; runs on unless given',
    schema: seconds.optional(),
  },
  ...MODEL_SOURCE_VARIABLES,
  ...JUDGE_VARIABLES,
  ...SERVED_VARIABLES,
  ...HUB_VARIABLES,
  RLCD_SERVE_URL: {
    help: 'address under which the edge reaches this runner, such as http://10.0.0.7:8790; it then serves models to clients of the edge, beside its tasks',
    schema: servingAddress.optional(),
  },
  RLCD_SERVE_PORT: {
    help: 'port on which it listens for that; the one of RLCD_SERVE_URL unless given',
    schema: wholeNumber(1, 65_535).optional(),
  },
  RLCD_LAUNCH_ID: {
    help: 'set by what launched this runner, so that the edge knows that it has come',
    schema: z.uuidv7('needs the id of the launch as the edge gave it').optional(),
  },
} as const;

/** Reads the variables. @throws ConfigurationError naming every wrong one */
export function readConfiguration(
  environment: Environment<typeof RUNNER_VARIABLES>,
): Values<typeof RUNNER_VARIABLES> {
  return readVariables(RUNNER_VARIABLES, environment);
}

/** Where converted models, the runner's id and its health lie, for what needs no more. */
export function readCacheFolder(environment: Environment<typeof CACHE_VARIABLES>): string {
  return readVariables(CACHE_VARIABLES, environment).RLCD_CACHE;
}
