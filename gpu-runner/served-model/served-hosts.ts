/** Which servers of models this runner may ask, and with which key: its operator's word, nobody else's. */
import { z } from 'zod';
import {
  apiKey,
  ConfigurationError,
  KEY_FAULT,
  readVariables,
  wholeNumber,
  type Environment,
} from '../../shared/read-variables.ts';
import { UserError } from '../../shared/user-error.ts';
import type { Endpoint } from './post-json.ts';

/** `https://host[:port]`, and the name of the variable that holds its key. */
const ENTRY = /^(?<origin>https?:\/\/[^/\s=?#@]+)(?:=(?<variable>[A-Za-z_][A-Za-z0-9_]*))?$/;

const hosts = z.string().transform((list, context) =>
  list.split(',').flatMap((item) => {
    const found = ENTRY.exec(item.trim())?.groups;
    const origin = found?.['origin'] ?? '';
    if (URL.canParse(origin)) return [{ origin: new URL(origin).origin, variable: found?.['variable'] }];
    context.addIssue({
      code: 'custom',
      message: 'needs addresses without a path, separated by commas, such as https://host=NAME_OF_A_VARIABLE',
    });
    return [];
  }),
);

export const SERVED_VARIABLES = {
  RLCD_SERVED_HOSTS: {
    help:
      'servers of models that experiments may have this runner ask, by address without path, separated by commas, each ' +
      'with the variable that holds its key, such as https://api.example.com=RLCD_SERVED_KEY,http://127.0.0.1:8080; none unless given',
    schema: hosts.optional(),
  },
  RLCD_SERVED_CONCURRENCY: {
    help: 'requests to a server of models at a time; 8 unless given',
    schema: wholeNumber(1, 256).default(8),
  },
} as const;

/** An experiment names a server that this runner's operator has not allowed. */
class ServerNotAllowedError extends UserError {
  override readonly name = 'ServerNotAllowedError';
  override readonly code = 'bad-input';
}

/** What a runner may ask. */
export interface ServedHosts {
  readonly concurrency: number;
  /** @throws ServerNotAllowedError naming the address and the variable that would allow it */
  readonly endpointOf: (url: string) => Endpoint;
}

type Variables = Environment<typeof SERVED_VARIABLES> & { readonly [name: string]: string | undefined };

/** @throws ConfigurationError by the name of a variable, never with a key */
export function servedHosts(environment: Variables): ServedHosts {
  const read = readVariables(SERVED_VARIABLES, environment);
  const allowed = (read.RLCD_SERVED_HOSTS ?? []).map(({ origin, variable }) => {
    if (variable === undefined) return { origin, key: null };
    const parsed = apiKey.safeParse(environment[variable] ?? '');
    if (parsed.success) return { origin, key: parsed.data };
    throw new ConfigurationError(
      `${variable}, the key of ${origin} by RLCD_SERVED_HOSTS, ${environment[variable] === undefined ? 'is not set' : KEY_FAULT}`,
    );
  });
  return {
    concurrency: read.RLCD_SERVED_CONCURRENCY,
    endpointOf(url) {
      const { origin } = new URL(url);
      const found = allowed.find((host) => host.origin === origin);
      if (found !== undefined) return { url, key: found.key, settings: 'RLCD_SERVED_HOSTS' };
      throw new ServerNotAllowedError(`this runner may not ask ${origin}`, {
        cure: `Start it with RLCD_SERVED_HOSTS=${origin} (and =NAME_OF_A_VARIABLE behind it for a key) if it may`,
      });
    },
  };
}
