/** What the hosts of the edge are told through environment variables. */
import { z } from 'zod';
import { apiKey, wholeNumber } from '../../shared/read-variables.ts';
import { LAUNCH_VARIABLES } from '../orchestration/launch/configuration.ts';

const MAKE_ONE = 'make one with: openssl rand -hex 32';
/** Of a key that chance made: fewer stand in one of 10,000 keys of 32 hexadecimal digits. */
const LEAST_DIFFERENT = 8;

/** Not guessed by who tries what people write: no few characters, and nothing said again and again. */
function isRandom(key: string): boolean {
  return new Set(key).size >= LEAST_DIFFERENT && !/^(.{1,20})\1+.{0,19}$/.test(key);
}

/** Of every host, the Worker too. */
export const KEY_VARIABLES = {
  RLCD_ADMIN_KEY: {
    help: "administrator's key; without it the first start makes one and prints it",
    schema: apiKey
      .min(32, `must be at least 32 characters; ${MAKE_ONE}`)
      .refine(isRandom, `can be guessed, for it repeats itself; ${MAKE_ONE}`)
      .optional(),
  },
} as const;

/** Of the hosts that listen. */
export const LISTEN_VARIABLES = {
  HOST: {
    help: 'name or address at which it listens; 127.0.0.1 unless given',
    schema: z.string().default('127.0.0.1'),
  },
  PORT: { help: 'port at which it listens; 8787 unless given', schema: wholeNumber(0, 65_535).default(8787) },
  RLCD_DATA: {
    help: 'folder of the database and the artifacts; its own place unless given',
    schema: z.string().optional(),
  },
  ...KEY_VARIABLES,
} as const;

/** Of the Node host. */
export const SERVE_VARIABLES = {
  ...LISTEN_VARIABLES,
  RLCD_RUNNERS: {
    help: 'number of runners that come up on this machine at the most when work waits; none unless given',
    schema: wholeNumber(0, 64).default(0),
  },
  RLCD_KUBERNETES_TOKEN_FILE: {
    help: 'file in the place of RLCD_KUBERNETES_TOKEN, read at every launch',
    schema: z.string().optional(),
  },
  RLCD_KUBERNETES_CA_FILE: {
    help: 'file in the place of RLCD_KUBERNETES_CA',
    schema: z.string().optional(),
  },
  ...LAUNCH_VARIABLES,
} as const;
