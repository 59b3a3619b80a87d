/** What the hosts of the edge are told through environment variables. */
import { z } from 'zod';
import { wholeNumber } from '../../shared/read-variables.ts';
import { LAUNCH_VARIABLES } from '../orchestration/launch/configuration.ts';

const KEY_FAULT = 'must be at least 32 characters without spaces; make one with: openssl rand -hex 32';

/** Of every host, the Worker too. */
export const KEY_VARIABLES = {
  RLCD_ADMIN_KEY: {
    help: "administrator's key; without it the first start makes one and prints it",
    schema: z
      .string()
      .regex(/^\S{32,}$/, KEY_FAULT)
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
