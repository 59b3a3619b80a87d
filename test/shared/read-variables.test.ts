/** Keys and tokens of every program: one that cannot be sent is refused by its variable's name, and shown nowhere. */
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { FLY_VARIABLES } from '../../deploy/webhook/fly.ts';
import { RUNNER_VARIABLES } from '../../deploy/webhook/provider.ts';
import { RUNPOD_VARIABLES } from '../../deploy/webhook/runpod.ts';
import { SERVE_VARIABLES } from '../../edge/hosts/variables.ts';
import { createClient } from '../../shared/api/client.ts';
import { ConfigurationError, readVariables, type Variables } from '../../shared/read-variables.ts';

const tables: Record<string, Variables> = {
  SERVE_VARIABLES,
  RUNNER_VARIABLES,
  FLY_VARIABLES,
  RUNPOD_VARIABLES,
};
const secrets = Object.entries(tables).flatMap(([table, variables]) =>
  Object.entries(variables)
    .filter(([name]) => /_(KEY|TOKEN|SECRET)$/.test(name))
    .map(([name, variable]) => ({ table, name, variable })),
);

const GOOD = '5f0c2b7e91d84a63b0f2e7c9d1a8b6f35f0c2b7e91d84a63';
const BAD = [
  `${GOOD}\n`,
  `${GOOD}\r\n`,
  `\u201c${GOOD}\u201d`,
  `${GOOD}\u00e9`,
  `${GOOD}\0`,
  `\ufeff${GOOD}`,
  `${GOOD} x`,
];

/** The message of what is thrown. */
const messageOf = async (work: () => unknown): Promise<string> => {
  try {
    await work();
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigurationError);
    return z.instanceof(Error).parse(error).message;
  }
  throw new Error('nothing was thrown');
};

describe.each(secrets)('$name of $table', ({ name, variable }) => {
  it('is taken as it is', () => {
    expect(readVariables({ [name]: variable }, { [name]: GOOD })).toEqual({ [name]: GOOD });
  });

  it.each(BAD)('is refused by its name as %j', async (bad) => {
    const message = await messageOf(() => readVariables({ [name]: variable }, { [name]: bad }));
    expect(message).toContain(name);
    expect(message).not.toContain(GOOD);
  });
});

it('finds the keys of the hosts and of the providers', () => {
  expect(secrets.map(({ name }) => name).sort()).toEqual([
    'FLY_API_TOKEN',
    'RLCD_ADMIN_KEY',
    'RLCD_KUBERNETES_TOKEN',
    'RLCD_LAUNCH_SECRET',
    'RLCD_RUNNER_KEY',
    'RUNPOD_API_KEY',
  ]);
});

it.each(BAD)('the client of an edge refuses the key %j without showing it', async (key) => {
  const client = createClient({
    baseUrl: 'http://edge.test',
    key,
    fetch: async () => Response.json({ status: 'ok' }),
  });
  expect(await messageOf(async () => await client.getHealth())).not.toContain(GOOD);
});
